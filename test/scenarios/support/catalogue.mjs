// Every scenario: which program wedges, in which surroundings, and what must be named. A control must get no stall
// verdict.
//   sides     where the catalogue of verdicts allows it: outside (attached without the agent), inside (the agent's bundle)
//   settleMs  how long after the wedge an operator attaches: waits that may be slow rather than stuck need an age
//   where     the function that the verdict must name; false: no code is to blame

const BOTH = ['outside', 'inside']

export const SCENARIOS = [
  { name: 'computing-loop', kind: 'computing', cause: 'loop', where: ['w_rebalance'] },
  { name: 'computing-regexp', kind: 'computing', cause: 'regexp', where: ['w_validateAddress'] },
  { name: 'computing-json', kind: 'computing', cause: 'json', where: ['w_cloneAll'] },
  { name: 'computing-json-parse', kind: 'computing', cause: 'json', where: ['w_loadLedger'] },
  { name: 'computing-javascript', kind: 'computing', cause: 'javascript', where: ['w_price'] },

  { name: 'blocked-child', kind: 'blocked-in-native', cause: 'child-process', where: ['w_convert'] },
  { name: 'blocked-file-read', kind: 'blocked-in-native', cause: 'file-read', where: ['w_readHeader'] },
  { name: 'blocked-file-write', kind: 'blocked-in-native', cause: 'file-write', where: ['w_logLine'], surroundings: 'full-stdout' },
  { name: 'blocked-futex', kind: 'blocked-in-native', cause: 'futex', where: ['w_waitForTurn'] },
  { name: 'blocked-crypto', kind: 'blocked-in-native', cause: 'crypto', where: ['w_deriveKey'] },
  { name: 'blocked-zlib', kind: 'blocked-in-native', cause: 'zlib', where: ['w_archive'] },
  { name: 'blocked-sqlite', kind: 'blocked-in-native', cause: 'sqlite', where: ['w_bookOrder'], surroundings: 'locked-database', nodes: [22, 24, 26] },
  { name: 'blocked-better-sqlite3', kind: 'blocked-in-native', cause: 'sqlite', where: ['w_bookOrder'], surroundings: 'locked-database', nodes: [20], needsModule: 'better-sqlite3' },
  { name: 'blocked-addon', kind: 'blocked-in-native', cause: 'addon', where: ['w_readScanner'] },
  { name: 'blocked-unknown', kind: 'blocked-in-native', cause: 'unknown', where: ['w_prepareProfiling'] },

  { name: 'awaiting-http-response', kind: 'awaiting', cause: 'http-response', where: ['w_fetchOrder'], settleMs: 9_000 },
  { name: 'awaiting-http-request', kind: 'awaiting', cause: 'http-response', where: ['w_loadInvoice'], settleMs: 9_000 },
  { name: 'awaiting-http-body', kind: 'awaiting', cause: 'http-response', where: ['w_readReport'], settleMs: 9_000 },
  { name: 'awaiting-http2-muted', kind: 'awaiting', cause: 'http-response', where: ['w_updateTask'], settleMs: 9_000 },
  { name: 'awaiting-socket-unacknowledged', kind: 'awaiting', cause: 'socket-unacknowledged', where: ['w_loadStock'], surroundings: 'black-hole', settleMs: 5_000 },
  { name: 'awaiting-socket-reply', kind: 'awaiting', cause: 'socket-reply', where: ['w_readBalance'], settleMs: 9_000 },
  { name: 'awaiting-lock-deadlock', kind: 'awaiting', cause: 'lock', where: ['acquire'] },
  { name: 'awaiting-lock-leaked', kind: 'awaiting', cause: 'lock', where: ['w_query'] },
  { name: 'awaiting-slots-exhausted', kind: 'awaiting', cause: 'slots-exhausted', where: ['w_ship'], settleMs: 9_000 },
  { name: 'awaiting-threadpool-exhausted', kind: 'awaiting', cause: 'threadpool-exhausted', where: ['w_openFeed'] },
  { name: 'awaiting-threadpool-dns', kind: 'awaiting', cause: 'threadpool-exhausted', where: ['w_resolvePartner'], surroundings: 'silent-dns' },
  { name: 'awaiting-thread-message', kind: 'awaiting', cause: 'thread-message', where: ['w_sign'] },
  { name: 'awaiting-child-message', kind: 'awaiting', cause: 'child-message', where: ['w_render'], settleMs: 9_000 },
  { name: 'awaiting-stream', kind: 'awaiting', cause: 'stream', where: ['w_consume'], settleMs: 9_000 },
  { name: 'awaiting-timer', kind: 'awaiting', cause: 'timer', where: ['w_backOff'] },
  { name: 'awaiting-file', kind: 'awaiting', cause: 'file', where: ['w_openInbox'] },
  { name: 'awaiting-dns', kind: 'awaiting', cause: 'dns', where: ['w_findBroker'], surroundings: 'silent-dns' },
  { name: 'awaiting-never-settles', kind: 'awaiting', cause: 'never-settles', where: ['w_approve'] },
  { name: 'awaiting-unknown', kind: 'awaiting', cause: 'unknown', where: ['w_waitForConfig'], sides: ['inside'] },

  { name: 'starving-microtasks', kind: 'starving-the-loop', cause: 'microtasks', where: ['w_lookUp', 'w_waitForRates'] },
  { name: 'starving-next-tick', kind: 'starving-the-loop', cause: 'next-tick', where: ['w_retry'] },
  { name: 'collecting-near-heap-limit', kind: 'collecting-garbage', cause: 'near-heap-limit', where: ['w_index'], flags: ['--max-old-space-size=96'] },
  { name: 'collecting-external-memory', kind: 'collecting-garbage', cause: 'external-memory', where: ['w_copyImages'] },
  { name: 'starved-by-quota', program: 'working', kind: 'cpu-starved', cause: 'cgroup-throttled', where: false, surroundings: 'quota', settleMs: 3_000 },
  { name: 'starved-in-run-queue', program: 'working', kind: 'cpu-starved', cause: 'run-queue', where: false, surroundings: 'crowded-cpu', settleMs: 2_000 },
  { name: 'stopped-by-signal', program: 'working', kind: 'stopped', cause: 'signal', where: false, surroundings: 'sigstop', sides: ['outside'] },
  { name: 'stopped-frozen', program: 'working', kind: 'stopped', cause: 'frozen', where: false, surroundings: 'freezer', sides: ['outside'] },
  { name: 'paused-by-debugger', kind: 'paused-by-debugger', cause: null, where: ['w_inspectTask'] },

  { name: 'control-idle', program: 'working', control: true, poll: 'long', wedgeAt: 1, wedgeAtStart: true },
  { name: 'control-long-polling', program: 'working', control: true, poll: 'long/poll', wedgeAtStart: true, settleMs: 6_000 },
  { name: 'control-busy-moving', program: 'busy-moving', control: true },
  { name: 'control-slow-server', program: 'working', control: true, poll: 'slow', wedgeAt: 1, settleMs: 3_000 },
  { name: 'control-young-tasks', program: 'control-young-tasks', control: true },
  { name: 'control-unavailable', program: 'working', control: true, poll: 'unavailable', wedgeAtStart: true, settleMs: 2_000 },
  { name: 'control-shutdown', program: 'control-shutdown', control: true },
  { name: 'control-just-started', program: 'working', control: true, wedgeAtStart: true, settleMs: 0 },
  { name: 'control-just-continued', program: 'working', control: true, surroundings: 'continued' },
].map((scenario) => ({ program: scenario.name, sides: BOTH, settleMs: 1_000, ...scenario }))
