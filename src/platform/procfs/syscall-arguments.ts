/**
 * The arguments of the system calls that a Node process blocks in, as text. Signatures are those of the section 2
 * manual pages; a call that is not listed shows its words in hexadecimal.
 */

type ArgumentKind = 'path' | 'fd' | 'size' | 'pointer' | 'int' | 'ms' | 'pid' | 'futex-op' | 'wait-options' | 'hex'

interface Argument {
  readonly name: string
  readonly kind: ArgumentKind
}

/** `name:kind` a word. */
const SIGNATURES: Readonly<Record<string, string>> = {
  read: 'fd:fd buffer:pointer count:size',
  write: 'fd:fd buffer:pointer count:size',
  pread64: 'fd:fd buffer:pointer count:size offset:size',
  pwrite64: 'fd:fd buffer:pointer count:size offset:size',
  readv: 'fd:fd vector:pointer count:int',
  writev: 'fd:fd vector:pointer count:int',
  preadv: 'fd:fd vector:pointer count:int offset:size',
  pwritev: 'fd:fd vector:pointer count:int offset:size',
  open: 'path:path flags:hex mode:hex',
  openat: 'folder:fd path:path flags:hex mode:hex',
  openat2: 'folder:fd path:path how:pointer size:size',
  close: 'fd:fd',
  fsync: 'fd:fd',
  fdatasync: 'fd:fd',
  fallocate: 'fd:fd mode:hex offset:size length:size',
  ftruncate: 'fd:fd length:size',
  fstat: 'fd:fd into:pointer',
  newfstatat: 'folder:fd path:path into:pointer flags:hex',
  statx: 'folder:fd path:path flags:hex mask:hex into:pointer',
  getdents64: 'fd:fd into:pointer size:size',
  flock: 'fd:fd operation:int',
  fcntl: 'fd:fd command:int argument:hex',
  ioctl: 'fd:fd request:hex argument:hex',
  copy_file_range: 'from:fd fromOffset:pointer to:fd toOffset:pointer length:size flags:hex',
  sendfile: 'to:fd from:fd offset:pointer count:size',
  splice: 'from:fd fromOffset:pointer to:fd toOffset:pointer length:size flags:hex',
  connect: 'fd:fd address:pointer length:int',
  accept: 'fd:fd address:pointer length:pointer',
  accept4: 'fd:fd address:pointer length:pointer flags:hex',
  sendto: 'fd:fd buffer:pointer length:size flags:hex address:pointer addressLength:int',
  recvfrom: 'fd:fd buffer:pointer length:size flags:hex address:pointer addressLength:pointer',
  sendmsg: 'fd:fd message:pointer flags:hex',
  recvmsg: 'fd:fd message:pointer flags:hex',
  epoll_wait: 'fd:fd events:pointer maximum:int timeout:ms',
  epoll_pwait: 'fd:fd events:pointer maximum:int timeout:ms mask:pointer size:size',
  epoll_pwait2: 'fd:fd events:pointer maximum:int timeout:pointer mask:pointer size:size',
  poll: 'descriptors:pointer count:int timeout:ms',
  ppoll: 'descriptors:pointer count:int timeout:pointer mask:pointer size:size',
  select: 'highest:int readable:pointer writable:pointer exceptional:pointer timeout:pointer',
  pselect6: 'highest:int readable:pointer writable:pointer exceptional:pointer timeout:pointer mask:pointer',
  io_uring_enter: 'ring:fd submit:int wait:int flags:hex mask:pointer size:size',
  futex: 'word:pointer operation:futex-op value:int timeout:pointer',
  nanosleep: 'request:pointer remaining:pointer',
  clock_nanosleep: 'clock:int flags:hex request:pointer remaining:pointer',
  wait4: 'pid:pid status:pointer options:wait-options usage:pointer',
  waitid: 'idType:int id:pid info:pointer options:wait-options usage:pointer',
  vfork: '',
  clone3: 'arguments:pointer size:size',
  flistxattr: 'fd:fd list:pointer size:size',
}

const FUTEX_OPERATIONS = [
  'WAIT',
  'WAKE',
  'FD',
  'REQUEUE',
  'CMP_REQUEUE',
  'WAKE_OP',
  'LOCK_PI',
  'UNLOCK_PI',
  'TRYLOCK_PI',
  'WAIT_BITSET',
  'WAKE_BITSET',
  'WAIT_REQUEUE_PI',
  'CMP_REQUEUE_PI',
]
/** FUTEX_PRIVATE_FLAG and FUTEX_CLOCK_REALTIME of linux/futex.h. */
const FUTEX_COMMAND_MASK = ~(128 | 256)

/** AT_FDCWD of fcntl.h. */
const CURRENT_FOLDER = -100

function signatureOf(name: string): readonly Argument[] | null {
  const text = SIGNATURES[name]
  if (text === undefined) return null
  return text
    .split(' ')
    .filter(Boolean)
    .map((word) => {
      const [argument = '', kind = 'hex'] = word.split(':')
      return { name: argument, kind: kind as ArgumentKind }
    })
}

/** System call arguments are words: ints come with undefined upper halves. */
function asInt(value: bigint): number {
  return Number(BigInt.asIntN(32, value))
}

/** The descriptor that a call works on; undefined for calls without one. */
export function descriptorOf(name: string, args: readonly bigint[]): number | undefined {
  const index = signatureOf(name)?.findIndex((argument) => argument.kind === 'fd') ?? -1
  const value = index < 0 ? undefined : args[index]
  if (value === undefined) return undefined
  const fd = asInt(value)
  return fd >= 0 ? fd : undefined
}

/** The path that a call was given: its address; null for calls without one. */
export function pathAddressOf(name: string, args: readonly bigint[]): bigint | null {
  const index = signatureOf(name)?.findIndex((argument) => argument.kind === 'path') ?? -1
  return index < 0 ? null : (args[index] ?? null)
}

/** @param follow where a descriptor leads, null when unknown. @param path what the path argument says, where it was read */
export function describeArguments(
  name: string,
  args: readonly bigint[],
  follow: (fd: number) => string | null,
  path: string | null = null,
): string[] {
  const signature = signatureOf(name)
  if (signature === null) return args.map((value) => `0x${value.toString(16)}`)
  return signature.flatMap((argument, index) => {
    const value = args[index]
    return value === undefined
      ? []
      : [
          `${argument.name} ${argument.kind === 'path' && path !== null ? path : describe(argument.kind, value, follow)}`,
        ]
  })
}

function describe(kind: ArgumentKind, value: bigint, follow: (fd: number) => string | null): string {
  switch (kind) {
    case 'fd': {
      const fd = asInt(value)
      if (fd === CURRENT_FOLDER) return 'working folder'
      const target = fd < 0 ? null : follow(fd)
      return target === null ? String(fd) : `${fd} (${target})`
    }
    case 'int':
      return String(asInt(value))
    case 'size':
      return String(BigInt.asIntN(64, value))
    case 'ms':
      return asInt(value) < 0 ? 'none' : `${asInt(value)} ms`
    case 'pid':
      return asInt(value) === -1 ? 'any child' : String(asInt(value))
    case 'futex-op':
      return FUTEX_OPERATIONS[asInt(value) & FUTEX_COMMAND_MASK] ?? String(asInt(value))
    case 'wait-options':
    case 'hex':
      return `0x${BigInt.asUintN(64, value).toString(16)}`
    case 'path':
    case 'pointer':
      return value === 0n ? 'NULL' : `0x${value.toString(16)}`
  }
}
