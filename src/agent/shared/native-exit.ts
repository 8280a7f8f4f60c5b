/**
 * `_exit` from the watch thread: the only call that ends the process with a code of our choice whatever its main thread
 * is in. Needs koffi, an optional dependency; without it the process is ended by other means (process-end.ts).
 * Also `send` with MSG_DONTWAIT, which makes a stderr that is a socket usable, and `getsockopt`. All are looked up at
 * once: each look-up takes the lock of the library loader, which a hanging library may hold by the time of the call.
 */
import { GET_SOCKET_OPTION, peerUserOf, type GetSocketOption } from '../../platform/control/peer-user.js'
import { loadKoffi, LoadingRefused, whileLoading } from '../../platform/native-calls.js'

export interface NativeCalls {
  /** Does not return. */
  exit(code: number): void
  send(fd: number, bytes: Uint8Array): number
  /** Effective user id of whoever is at the other end of a unix socket; null when it can't be told. */
  peerUser(fd: number): number | null
  /** One datagram to a unix socket, `@name` for an abstract one. Why not, or null. */
  notify(socket: string, text: string): string | null
}

const MSG_DONTWAIT = 0x40
const MSG_NOSIGNAL = 0x4000
const AF_UNIX = 1
/** SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK */
const DATAGRAMS = 2 | 0x80000 | 0x800
/** sockaddr_un: two bytes of family, then the path. */
const MAX_PATH_BYTES = 107

/**
 * Loads koffi; the reason in one sentence when that can't be had. Reads files and takes the loader's lock.
 * @param mayLoad asked right before the lock is taken: on a busy machine the reading lasts long. `busy` when refused.
 */
export function prepareNativeCalls(
  mayLoad: () => boolean = () => true,
): NativeCalls | { readonly no: string } | 'busy' {
  let refused = false
  try {
    return whileLoading(() => lookUp(mayLoad, () => (refused = true)))
  } catch (thrown) {
    if (refused || thrown instanceof LoadingRefused) return 'busy'
    return { no: thrown instanceof Error ? (thrown.message.split('\n')[0] ?? '') : String(thrown) }
  }
}

function lookUp(mayLoad: () => boolean, refuse: () => void): NativeCalls {
  const koffi = withDlopenGuarded(mayLoad, refuse, loadKoffi)
  const libc = koffi.load(null)
  const exit = libc.func('void _exit(int status)')
  const send = libc.func('intptr_t send(int fd, const void *bytes, size_t length, int flags)')
  const socket = libc.func('int socket(int domain, int type, int protocol)')
  const sendTo = libc.func(
    'intptr_t sendto(int fd, const void *bytes, size_t length, int flags, const void *address, unsigned int size)',
  )
  const close = libc.func('int close(int fd)')
  const getSocketOption = libc.func(GET_SOCKET_OPTION) as GetSocketOption
  return {
    exit: (code) => void exit(code),
    send: (fd, bytes) => Number(send(fd, bytes, bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL)),
    peerUser: (fd) => peerUserOf(fd, getSocketOption),
    notify(name, text) {
      const address = addressOf(name)
      if (address === null) return `NOTIFY_SOCKET is longer than ${MAX_PATH_BYTES} bytes`
      const fd = Number(socket(AF_UNIX, DATAGRAMS, 0))
      if (fd < 0) return 'no socket can be made'
      const bytes = Buffer.from(text)
      const sent = Number(sendTo(fd, bytes, bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL, address, address.length))
      close(fd)
      return sent === bytes.length ? null : `nobody takes it at ${name}`
    },
  }
}

function addressOf(name: string): Buffer | null {
  const place = Buffer.from(name.startsWith('@') ? `\0${name.slice(1)}` : name)
  if (place.length > MAX_PATH_BYTES) return null
  const address = Buffer.alloc(2 + place.length)
  address.writeUInt16LE(AF_UNIX)
  place.copy(address, 2)
  return address
}

/** Each thread has a `process` of its own: nobody else's loading is touched. */
function withDlopenGuarded<T>(mayLoad: () => boolean, refuse: () => void, act: () => T): T {
  const dlopen = Reflect.get(process, 'dlopen') as (...args: unknown[]) => unknown
  const guarded = (...args: unknown[]): unknown => {
    if (mayLoad()) return Reflect.apply(dlopen, process, args)
    refuse()
    throw new Error('the main thread may be loading a library')
  }
  Object.assign(process, { dlopen: guarded })
  try {
    return act()
  } finally {
    Object.assign(process, { dlopen })
  }
}
