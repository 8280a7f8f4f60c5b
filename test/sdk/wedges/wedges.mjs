// What is done to a worker, and what must be said of it. `sdks`: lines that it can happen on (all when left out).
//   env       of the worker (test/sdk/run-worker.cjs)
//   before    what the server does from the start; `act` comes once the worker polls
//   says      kinds and causes that are right; the first one is the best
//   place     what the place must match
//   task      the sentence must name the task
//   wire      noticed without the SDK too, by its requests on the wire
//   ends      the worker is ended and polls again when it was restarted
const TASK = { responseTimeoutSeconds: 1 }
const SECOND_LINE = ['2.4.1', '3.1.0', '4.0.0']
const THIRD_LINE = ['3.1.0', '4.0.0']

export const WEDGES = {
  'a loop in a task': {
    wire: true,
    env: { EXECUTE: 'loop' },
    act: (server) => server.control('tasks', { taskType: 'demo', ...TASK }),
    says: ['computing/loop'],
    place: /run-worker\.cjs/,
    task: true,
    ends: true,
  },
  'a task that never settles': {
    env: { EXECUTE: 'never' },
    act: (server) => server.control('tasks', { taskType: 'demo', ...TASK }),
    says: ['awaiting/never-settles', 'awaiting/slots-exhausted'],
    place: /run-worker\.cjs/,
    task: true,
    ends: true,
  },
  'a slot lost to a listener for errors that throws': {
    sdks: ['1.2.3', '2.4.1', '3.1.0', '4.0.0'],
    env: { API: 'manager', EXECUTE: 'throw', ON_ERROR: 'throw', SWALLOW: '1' },
    act: (server) => server.control('tasks', { taskType: 'demo', ...TASK }),
    says: ['awaiting/slots-exhausted', 'awaiting/never-settles'],
    task: true,
    ends: true,
  },
  'an event listener that never settles': {
    sdks: THIRD_LINE,
    env: { LISTENER: 'hang' },
    act: () => {},
    says: ['awaiting/never-settles', 'awaiting/unknown'],
    // Where its function was collected before anybody looked: the line of the SDK that published the event.
    place: /conductor-javascript|run-worker\.cjs/,
    ends: true,
  },
  // No function of the application is suspended then: the SDK's own await is all that there is.
  'an event listener whose promise nobody settles': {
    sdks: THIRD_LINE,
    env: { LISTENER: 'hang-plain' },
    act: () => {},
    says: ['awaiting/never-settles', 'awaiting/unknown'],
    place: /conductor-javascript|run-worker\.cjs/,
    ends: true,
  },
  'a loop lost to a logger that throws': {
    sdks: ['1.2.3', '2.4.1', '3.1.0', '4.0.0'],
    env: { LOGGER: 'throw', SWALLOW: '1' },
    act: (server) => server.stop(),
    says: ['ended/exception'],
    ends: true,
  },
  'polls that are never answered': {
    wire: true,
    env: { CONDUCTOR_REQUEST_TIMEOUT_MS: '0' },
    act: (server) => server.control('mode', { mode: 'poll-hang' }),
    says: ['awaiting/http-response'],
    ends: true,
  },
  'polls whose body never ends': {
    wire: true,
    env: { CONDUCTOR_REQUEST_TIMEOUT_MS: '0' },
    act: (server) => server.control('mode', { mode: 'body-hang' }),
    says: ['awaiting/http-response', 'awaiting/stream'],
    ends: true,
  },
  'a result that is never acknowledged': {
    env: { CONDUCTOR_REQUEST_TIMEOUT_MS: '0' },
    act: async (server) => {
      await server.control('mode', { mode: 'update-hang' })
      await server.control('tasks', { taskType: 'demo', ...TASK })
    },
    says: ['awaiting/slots-exhausted', 'awaiting/http-response'],
    task: true,
    ends: true,
  },
  'all pollers behind one socket': {
    sdks: ['2.4.1'],
    env: { TASK_TYPES: 'demo,other' },
    act: (server) => server.control('mode', { mode: 'poll-hang' }),
    says: ['awaiting/http-response'],
    ends: true,
  },
  'an HTTP/2 session that is dead': {
    sdks: SECOND_LINE,
    tls: true,
    // 2.4.1 has no setting for certificates that it should not check, and no time-out for its polls. A time-out that is shorter
    // than a look takes leaves nothing to look at: the usual one is 60 s.

    env: { CONDUCTOR_REQUEST_TIMEOUT_MS: '3000', NODE_TLS_REJECT_UNAUTHORIZED: '0' },
    act: (server) => server.control('mute', {}),
    says: ['awaiting/connection-reused-dead', 'awaiting/http-response'],
    ends: true,
  },
}

/** None of them may leave an incident. */
export const CONTROLS = {
  'an idle worker': { env: {}, act: () => {} },
  'a slow task within its time-out': {
    env: { EXECUTE: 'slow:60000' },
    act: (server) => server.control('tasks', { taskType: 'demo', responseTimeoutSeconds: 120 }),
  },
  'a server that answers 503': { env: {}, act: (server) => server.control('mode', { mode: '503' }) },
}
