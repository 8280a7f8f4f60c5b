/**
 * Offsets in libuv's structures on 64-bit Linux, in bytes.
 *
 * Read from include/uv.h and include/uv/unix.h of v1.46 (Node 20), v1.51 (22, 24) and v1.52 (26), where they are
 * alike, and confirmed on the official x64 builds of Node 20.20.2, 22.23.3, 24.21.0 and 26.10.0. Every use checks the
 * loop's signature first, so a build with another layout is "no loop found", not wrong figures.
 */

/** struct uv_loop_s. */
export const LOOP = {
  size: 848,
  activeHandles: 8,
  handleQueue: 16,
  activeRequests: 32,
  internalFields: 40,
  backendFd: 64,
  /** Timers: a binary heap of uv_timer_s, by its embedded node. */
  timerHeapMin: 520,
  timerCount: 528,
  /** uv_now(), ms of CLOCK_MONOTONIC: set at the start of each turn and by every new timer. */
  timeMs: 544,
} as const

/**
 * What makes 848 bytes a loop: signal_io_watcher and child_watcher are handles with a pointer back to the loop, and
 * the type numbers UV_ASYNC (1) and UV_SIGNAL (16) follow.
 */
export const LOOP_SIGNATURE = { asyncLoop: 184, asyncType: 192, signalLoop: 624, signalType: 632 } as const
export const UV_ASYNC = 1
export const UV_SIGNAL = 16

/** struct uv__loop_internal_fields_s of src/uv-common.h. */
export const LOOP_INTERNALS = {
  size: 200,
  /** uv_metrics_t: loop_count and events so far (include/uv.h; counted in uv_run and uv__io_poll). */
  turns: 8,
  events: 16,
  /** uv__loop_metrics_s.provider_entry_time, ns: when the current poll began; 0 outside of poll. Node asks for it. */
  pollEntryNs: 136,
  idleNs: 144,
} as const

/** struct uv_handle_s and what its kinds add. */
export const HANDLE = {
  size: 200,
  data: 0,
  loop: 8,
  type: 16,
  /** Its links in loop.handle_queue; the queue holds addresses of this field. */
  queue: 32,
  flags: 88,
  flagActive: 4,
  flagReferenced: 8,
  streamQueuedBytes: 96,
  streamFd: 184,
  udpFd: 176,
  pollFd: 152,
  processPid: 104,
  timerDueMs: 128,
  timerHeapNode: 104,
} as const

/** uv_handle_type, in order of UV_HANDLE_TYPE_MAP. */
export const HANDLE_TYPES = [
  'unknown',
  'async',
  'check',
  'fs-event',
  'fs-poll',
  'handle',
  'idle',
  'pipe',
  'poll',
  'prepare',
  'process',
  'stream',
  'tcp',
  'timer',
  'tty',
  'udp',
  'signal',
  'file',
] as const

/** uv_req_type, in order of UV_REQ_TYPE_MAP. */
export const REQUEST_TYPES = [
  'unknown',
  'req',
  'connect',
  'write',
  'shutdown',
  'udp-send',
  'fs',
  'work',
  'getaddrinfo',
  'getnameinfo',
] as const

/** struct uv_req_s. */
export const REQUEST = { type: 8 } as const

/** struct uv__work of include/uv/threadpool.h: `wq` links it into the queue; linked to itself while it runs. */
export const WORK = { size: 40, function: 0, done: 8, loop: 16, queue: 24 } as const

/** Requests in which a uv__work is embedded. `work` is the distance from the request to its uv__work. */
export const FS_REQUEST = { work: 336, operation: 64, loop: 72, path: 104, file: 280 } as const
export const ADDRESS_REQUEST = { work: 72, host: 128 } as const
export const NAME_REQUEST = { work: 72 } as const
export const RANDOM_REQUEST = { work: 104 } as const
export const WORK_REQUEST = { work: 88 } as const
/** uv_req_t.data in all of them. */
export const REQUEST_DATA = 0

/** enum uv_fs_type, from UV_FS_CUSTOM (0) on. */
export const FS_OPERATIONS = [
  'custom',
  'open',
  'close',
  'read',
  'write',
  'sendfile',
  'stat',
  'lstat',
  'fstat',
  'ftruncate',
  'utime',
  'futime',
  'access',
  'chmod',
  'fchmod',
  'fsync',
  'fdatasync',
  'unlink',
  'rmdir',
  'mkdir',
  'mkdtemp',
  'rename',
  'scandir',
  'link',
  'symlink',
  'readlink',
  'chown',
  'fchown',
  'realpath',
  'copyfile',
  'lchown',
  'opendir',
  'readdir',
  'closedir',
  'statfs',
  'mkstemp',
  'lutime',
] as const

/** Static variables of src/threadpool.c. */
export const POOL_SYMBOLS = {
  queue: 'wq',
  threads: 'threads',
  size: 'nthreads',
  idle: 'idle_threads',
  slowRunning: 'slow_io_work_running',
  slowQueue: 'slow_io_pending_wq',
  /** Markers in the queue that are no work. */
  runSlow: 'run_slow_work_message',
  exit: 'exit_message',
} as const
export const POOL_FILE = 'threadpool.c'

/** Functions that a uv__work can name, by their symbol. */
export const WORK_FUNCTIONS = {
  fs: 'uv__fs_work',
  address: 'uv__getaddrinfo_work',
  name: 'uv__getnameinfo_work',
  random: 'uv__random_work',
  work: 'uv__queue_work',
} as const

export const DEFAULT_LOOP_SYMBOL = 'default_loop_struct'
