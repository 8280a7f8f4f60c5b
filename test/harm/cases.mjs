// What a process may be like: one row a case. `wrap` puts the command into other circumstances; `signal` is sent once it
// says "ready"; `flags` and `only` are by Node's major version.
const sh = (script) => (argv) => ['/bin/sh', '-c', `${script}; exec "$0" "$@"`, ...argv]
const unshared = (script) => (argv) => ['unshare', '-m', '/bin/sh', '-c', `${script} && exec "$0" "$@"`, ...argv]
const root = () => process.getuid?.() === 0
const permission = (major) => [major >= 24 ? '--permission' : '--experimental-permission', '--allow-fs-read=*']
/** A warning as soon as the program blocks: a capture is under way when it wakes. */
const EARLY = { CONDUCTOR_STALL_EVENT_LOOP_WARN_SECONDS: '0.5' }

export const CASES = [
  { name: 'ends by itself', program: 'natural' },
  { name: 'process.exit(3)', program: 'exit' },
  { name: 'process.exitCode = 9', program: 'exit-code' },
  { name: 'uncaught error', program: 'throw' },
  { name: 'unhandled rejection', program: 'reject' },
  { name: 'both handled', program: 'handled' },
  { name: 'beforeExit, and work again', program: 'before-exit' },
  { name: "exit code of an 'exit' handler", program: 'exit-handler' },
  { name: 'process.abort()', program: 'abort' },
  ...['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR2', 'SIGKILL'].map((signal) => ({
    name: `${signal}, no handler`,
    program: 'stays',
    signal,
  })),
  ...['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2'].map((signal) => ({
    name: `${signal}, drained by a handler`,
    program: 'drains',
    signal,
  })),
  { name: 'listeners of process, globals, arguments', program: 'listeners' },
  { name: 'active resources', program: 'resources' },
  { name: 'order of ticks and timers', program: 'timers' },
  { name: '200 KB on stdout', program: 'stdout' },
  { name: 'worker_threads with limits', program: 'worker-limits' },
  { name: 'a worker thread out of memory', program: 'worker-out-of-memory' },
  { name: 'fork', program: 'fork' },
  { name: 'fork, preload inherited', program: 'fork', inherit: true },
  { name: 'cluster', program: 'cluster' },
  { name: 'cluster, preload inherited', program: 'cluster', inherit: true },
  { name: 'the permission model', program: 'natural', flags: permission, only: (major) => major >= 22 },
  { name: '--frozen-intrinsics', program: 'handled', flags: () => ['--frozen-intrinsics'] },
  { name: '--disable-proto=delete', program: 'natural', flags: () => ['--disable-proto=delete'] },
  { name: '--disable-proto=throw', program: 'natural', flags: () => ['--disable-proto=throw'] },
  { name: '--jitless', program: 'natural', flags: () => ['--jitless'] },
  {
    name: '--disallow-code-generation-from-strings',
    program: 'natural',
    flags: () => ['--disallow-code-generation-from-strings'],
  },
  { name: '--max-old-space-size=40', program: 'stdout', flags: () => ['--max-old-space-size=40'] },
  { name: '--stack-size=400', program: 'natural', flags: () => ['--stack-size=400'] },
  { name: '--unhandled-rejections=warn', program: 'reject', flags: () => ['--unhandled-rejections=warn'] },
  { name: '--throw-deprecation', program: 'natural', flags: () => ['--throw-deprecation'] },
  { name: '--trace-exit', program: 'exit', flags: () => ['--trace-exit'] },
  { name: 'stdin closed', program: 'natural', wrap: sh('exec <&-') },
  { name: 'stdout and stderr closed', program: 'closed-streams', wrap: sh('exec >&- 2>&-') },
  { name: 'all three closed', program: 'closed-streams', wrap: sh('exec <&- >&- 2>&-') },
  { name: 'stdout is a full device', program: 'stdout', wrap: sh('exec >/dev/full') },
  { name: 'descriptors used up (RLIMIT_NOFILE 48)', program: 'descriptors', wrap: sh('ulimit -n 48') },
  { name: 'files of 0 bytes (RLIMIT_FSIZE)', program: 'blocks', wrap: sh('ulimit -f 0'), env: EARLY },
  { name: 'no core, small stack (RLIMIT_STACK 1 MB)', program: 'natural', wrap: sh('ulimit -c 0; ulimit -s 1024') },
  { name: 'umask 0', program: 'umask', wrap: sh('umask 0') },
  { name: 'umask 777', program: 'umask', wrap: sh('umask 777') },
  { name: 'setuid after the start', program: 'setuid', when: root },
  {
    name: 'no /proc',
    program: 'blocks-then-waits',
    wrap: unshared('mount -t tmpfs none /proc'),
    env: EARLY,
    when: root,
  },
  {
    name: 'a folder for bundles that is full',
    program: 'blocks',
    wrap: unshared('mount -t tmpfs -o size=4k none "$STATE"'),
    env: EARLY,
    when: root,
  },
  { name: 'no home, empty environment', program: 'natural', wrap: (argv) => ['/usr/bin/env', '-i', ...argv] },
  { name: 'ends in the middle of a capture', program: 'blocks', env: EARLY },
  { name: 'goes on in the middle of a capture', program: 'blocks-then-waits', env: EARLY },
  ...['SIGTERM', 'SIGKILL'].map((signal) => ({
    name: `${signal} in the middle of a capture`,
    program: 'stays-blocked',
    signal,
    env: EARLY,
  })),
]
