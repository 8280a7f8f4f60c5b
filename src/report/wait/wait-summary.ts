/** The one phrase that is said of a wait, out of its facts. */
import { formatDuration } from '../../model/amounts.js'
import type { PathPart, Request, WaitFacts, WaitHolder, WaitOf } from '../../model/wait.js'

/** `transfer app.js:12`, by its original place where that is known. */
const MOST_IN_CIRCLE = 4

export function linkText(place: WaitHolder): string {
  const file = place.source?.file ?? place.file
  const line = place.source?.line ?? place.line
  const name = file === null ? '' : ` ${file.slice(file.lastIndexOf('/') + 1)}`
  return `${place.function ?? '(anonymous)'}${name}${line === null ? '' : `:${line}`}`
}

/** `module{costMeter} > Mutex.waiters`. */
export function pathText(parts: readonly PathPart[]): string {
  const texts: string[] = []
  for (const { name, slot } of parts) {
    const text = name + slot
    if (text !== '' && texts.at(-1) !== text) texts.push(text)
  }
  return texts.join(' > ')
}

/** `GET http://10.0.0.5/orders, sent, no answer`. */
export function requestText(request: Request): string {
  return `${request.method ?? 'request'} ${request.url ?? ''}, ${answerText(request)}`
}

function answerText({ sent, answered, body, expects }: Request): string {
  if (expects === 'continue') return 'its header sent, no 100 Continue, for which its body waits'
  if (answered === true && body === undefined) return 'answer begun'
  if (sent === false && answered !== true) return 'not yet sent'
  const answer = body === undefined ? 'no answer' : 'answer begun, its body is not complete'
  return sent === true ? `sent, ${answer}` : answer
}

export function summaryOf(wait: WaitFacts): string {
  const through = (wait.through ?? []).map((each) => `, through ${typeof each === 'string' ? each : linkText(each)}`)
  const settles = wait.byVariable === true ? `, which settles what ${pathText(wait.parts ?? [])} holds` : ''
  return `${phraseOf(wait)}${through.join('')}${settles}`
}

function phraseOf(wait: WaitFacts): string {
  switch (wait.kind) {
    case 'socket':
      return wait.label ?? socketText(wait)
    case 'http-request':
      return wait.label ?? requestText(wait)
    case 'http2-stream':
      return wait.label ?? http2Text(wait)
    case 'timer':
      return wait.label ?? timerText(wait)
    case 'file':
      return `file system request${after('on', wait.path)}${wait.label === undefined ? '' : ` (${wait.label})`}`
    case 'dns':
      return wait.label ?? `DNS look-up${after('of', wait.host)}`
    case 'child':
      return wait.label ?? childText(wait)
    case 'worker':
      return wait.label ?? (wait.threadId === undefined ? 'a worker thread' : `worker thread ${wait.threadId}`)
    case 'message-port':
      return `${wait.label ?? 'MessagePort'}${after('', wait.name)}`
    case 'pool-request':
      return wait.label ?? 'work of the thread pool'
    case 'abort-signal':
      return 'an AbortSignal that has not fired'
    case 'stream':
    case 'emitter':
      return emitterText(wait)
    case 'lock':
      return lockText(wait)
    case 'pool':
      return poolText(wait)
    case 'buffer':
      return bufferText(wait)
    case 'module':
      return moduleText(wait)
    case 'await':
      return functionText(wait)
    case 'nothing':
      if (wait.why === 'circle') return circleText(wait.holders ?? [])
      return wait.why === 'listener-collected'
        ? `nothing alive can settle it: a listener for ${wait.event ?? 'an event'} that was collected`
        : NOTHING[wait.why ?? 'no-settler']
    case 'unknown':
      return unknownText(wait)
    default:
      return wait satisfies never
  }
}

/** `the stdout of child process node, pid 12, which has exited with code 1`. */
function childText({ stdio, file, pid, ended }: WaitOf<'child'>): string {
  const stream = stdio === undefined ? '' : `the ${stdio === 'other' ? 'pipe' : stdio} of `
  const id = pid === undefined ? '' : `, pid ${pid}`
  return `${stream}child process${after('', file)}${id}${ended === undefined ? '' : `, which has ${ended}`}`
}

/** `the end of read cache.js:4, which waits for the end of load plugins.js:4, which ends only when this wait is over`. */
function circleText(holders: readonly WaitHolder[]): string {
  if (holders.length === 0) return 'its own end: promises between lead back to it'
  const shown = holders.slice(0, MOST_IN_CIRCLE).map(linkText)
  const more = holders.length > shown.length ? `, and ${holders.length - shown.length} more` : ''
  return `the end of ${shown.join(', which waits for the end of ')}${more}, which ends only when this wait is over`
}

function after(word: string, value: string | undefined): string {
  return value === undefined ? '' : ` ${word}${word === '' ? '' : ' '}${value}`
}

const SOCKETS = {
  datagram: 'datagram socket',
  pipe: 'pipe or local socket',
  tls: 'TLS socket',
  listening: 'a listening server',
  'web-socket': 'WebSocket',
} as const

function socketText({ type, host, address, connecting, open, blocking }: WaitOf<'socket'>): string {
  if (blocking !== undefined) return `${blocking}, which waits at the server until something comes`
  if (open !== undefined)
    return `the end of ${open.connections === 1 ? 'a connection' : `${open.connections} connections`} of a server that was closed`
  const what = type === undefined ? 'socket' : SOCKETS[type]
  if (address !== undefined) return `${what} ${address}`
  return `${what}${after('to', host)}${connecting === true ? ', connecting' : ''}`
}

function http2Text(wait: WaitOf<'http2-stream'>): string {
  const { part, method, path, streamId, authority } = wait
  if (part === 'session') return `HTTP/2 session${after('to', authority)}`
  if (part === 'server-session') return `HTTP/2 server session${after('to', authority)}`
  const id = streamId === undefined ? '' : ` ${streamId}`
  return `HTTP/2 stream${id}: ${method ?? 'request'} ${path ?? ''}${after('to', authority)}, ${answerText(wait)}`
}

function timerText({ afterMs, repeats, dueInMs }: WaitOf<'timer'>): string {
  if (afterMs === undefined) return 'a timer'
  const due = dueInMs === undefined ? '' : `, due in ${formatDuration(dueInMs)}`
  return `${repeats === true ? 'interval' : 'timer'} of ${formatDuration(afterMs)}${due}`
}

const HOLDS = {
  write: 'a write of which has not called back',
  final: 'whose last step before its end has not called back',
  unended: 'which nobody ends',
} as const

function emitterText(wait: WaitOf<'stream' | 'emitter'>): string {
  const { label, path, owner, data, list, event, hopeless, over, hold, unread, subscribedTo } = wait
  if (label !== undefined && hold === undefined && unread === undefined) return `${label}${after('of', path)}`
  const name = owner ?? label ?? 'EventEmitter'
  if (hold !== undefined) return `${name}${after('of', path)}, ${HOLDS[hold]}`
  if (unread !== undefined && event === undefined) return `${name}, which nobody reads`
  if (data === true) return `data from ${name}`
  if (list === true)
    return event === undefined ? `what those in ${name} are told` : `what those who listen for ${event} are told`
  if (event === undefined) return name
  const channels = subscribedTo === undefined ? '' : `, subscribed to ${subscribedTo.join(', ')}`
  return `event ${event} of ${name}${channels}${hopeless === true ? `, which is ${over ?? 'over'}` : ''}`
}

function lockText({ links, reentrant, owner, name, mode, holders = [] }: WaitOf<'lock'>): string {
  if (links !== undefined) return deadlockText(links.map(linkText), reentrant === true)
  if (name !== undefined) {
    const held = holders.length === 0 ? '' : `, held by ${holders.map(linkText).join(', ')}`
    return `the lock ${name} of ${owner ?? 'the platform'}${mode === 'shared' ? ' (shared)' : ''}${held}`
  }
  const queue = owner === undefined ? 'a queue of user code' : `${owner}, a queue of user code`
  const names = holders.map((holder) => holder.function ?? '(anonymous)').join(', ')
  return names === '' ? queue : `${queue}, which ${names} can reach`
}

function deadlockText(links: readonly string[], reentrant: boolean): string {
  if (!reentrant) return `deadlock: ${links.join(' -> ')} -> back to this wait`
  const hold = links.length > 1 ? 'hold its turns and end' : 'holds a turn and ends'
  return `a queue that is used inside itself: ${links.join(', ')} ${hold} only when this wait is over`
}

function poolText(wait: WaitOf<'pool'>): string {
  const owner = wait.pool?.owner ?? wait.owner ?? 'a pool'
  if (wait.url === undefined) return `its turn in ${owner}`
  if (wait.pool?.lends === 'streams') return `a stream of its HTTP/2 session for ${requestText(wait)}`
  return `a socket of ${owner.split('.', 1)[0] ?? owner} for ${requestText(wait)}`
}

function bufferText({ until, owner = 'a client', connection }: WaitOf<'buffer'>): string {
  const state = connection === undefined ? '' : ` (${connection})`
  if (until === 'first-connection') return `a connection of ${owner}, which has none yet`
  if (until === 'sent') return `a command kept in ${owner} until there is a connection${state}`
  return `the connection of ${owner}${state}`
}

function moduleText({ modules = [] }: WaitOf<'module'>): string {
  const between = modules.slice(1, -1)
  const through = between.length === 0 ? '' : ` (through ${between.join(', ')})`
  const importer = modules.at(-1) ?? 'the importer'
  return `the evaluation of ${modules[0] ?? 'a module'}, which imports ${importer}${through}, which waits for this import itself`
}

function functionText({ until, by, name: lock }: WaitOf<'await'>): string {
  const name = by == null ? 'a suspended function' : linkText(by)
  if (until === 'module') return 'the evaluation of a module (a top-level await)'
  if (until === 'lock-released') return `the end of what runs under the lock ${lock ?? ''}`
  if (until === 'end') return `the end of ${name}`
  if (until === 'settled') return `settled by ${name}, which is suspended itself`
  return 'another suspended function'
}

const NOTHING = {
  'no-settler': 'nothing alive can settle it: no settler found',
  'unused-scopes': 'nothing alive can settle it: kept alive only by scopes none of whose functions uses the variable',
  'own-callers': 'nothing alive can settle it: only its own callers hold its resolver',
  collected: 'nothing alive can settle it: its promise was collected, with whatever was to settle it',
  'not-in-snapshot': 'no settler found in the heap snapshot',
} as const

const UNKNOWN = {
  'no-settler': 'no settler found',
  'not-near': 'no resource found near its resolving functions',
  'not-searched': 'not searched',
  'native-code': 'its resolver is held by native code',
  'timer-only': 'nothing but a timer was found that can end it, and that one is not seen to settle it',
  moved: 'it changed while it was read',
  atomics: 'Atomics.waitAsync',
  'fake-timer': 'a timer of a fake clock, which only a call of its tick() or runAll() lets fire',
} as const

function unknownText({ label, why = 'no-settler', parts = [] }: WaitOf<'unknown'>): string {
  if (label !== undefined) return label
  if (why === 'held') return `its resolve function is held by ${pathText(parts)}`
  if (why === 'entry') return `an entry of ${pathText(parts)}: nothing was seen that would settle it`
  return UNKNOWN[why]
}
