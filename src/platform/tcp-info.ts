/**
 * TCP_INFO: when a socket last sent, received and was acknowledged, which /proc does not tell. Through koffi, an
 * optional dependency: without it there is none, and everything else works.
 *
 * A process's own sockets are asked directly. Another's are borrowed for the length of one call by pidfd_getfd(2)
 * (Linux 5.6, the right to trace it): the copy shares the socket and takes nothing away from its owner.
 */
import { loadKoffi, whileLoading } from './native-calls.js'
import type { SocketState } from '../model/socket.js'

export interface TcpTimes {
  /** Since data was last sent, received, or acknowledged by the peer, ms. */
  readonly lastSentMs: number
  readonly lastReceivedMs: number
  readonly lastAcknowledgedMs: number
  /** Time-outs in a row of the segment that is being sent again. */
  readonly retransmits: number
  /** Segments that the peer has not acknowledged. */
  readonly unacknowledgedSegments: number
  /** All that ever came on it; null where the kernel does not count. */
  readonly receivedBytes: number | null
}

export interface TcpInfo {
  /** Null when `fd` is no TCP socket of this process. */
  own(fd: number): TcpTimes | null
  /** By descriptor of process `pid`; those that can't be borrowed are left out. */
  ofProcess(pid: number, fds: readonly number[]): ReadonlyMap<number, TcpTimes>
}

/**
 * include/uapi/linux/tcp.h: struct tcp_info, all fields from 4 bytes on in the machine's order. The counters of bytes
 * came with Linux 4.2.
 */
const LAYOUT = {
  retransmits: 2,
  unacked: 24,
  lastDataSent: 44,
  lastDataReceived: 52,
  lastAckReceived: 56,
  bytesAcknowledged: 120,
  bytesReceived: 128,
  size: 136,
}
const IPPROTO_TCP = 6
const TCP_INFO = 11
/** The same numbers on every architecture (they are above 424). */
const SYS_PIDFD_OPEN = 434
const SYS_PIDFD_GETFD = 438
/** More sockets than that are not worth the time; each takes about 10 us. */
const MAX_SOCKETS = 1_000

interface Libc {
  getsockopt(fd: number, level: number, name: number, value: Uint8Array, length: number[]): number
  syscall(number: number, a: number, b: number, c: number): number
  close(fd: number): number
}

/** Null without koffi or off Linux. Takes about 10 ms at the first call. */
export function openTcpInfo(): TcpInfo | null {
  const libc = process.platform === 'linux' ? loadLibc() : null
  return libc === null ? null : { own: (fd) => timesOf(libc, fd), ofProcess: (pid, fds) => borrow(libc, pid, fds) }
}

function loadLibc(): Libc | null {
  try {
    return whileLoading(() => {
      const library = loadKoffi().load(null)
      return {
        getsockopt: library.func('int getsockopt(int, int, int, _Out_ uint8_t *, _Inout_ uint32_t *)'),
        syscall: library.func('long syscall(long, long, long, long)'),
        close: library.func('int close(int)'),
      } as unknown as Libc
    })
  } catch {
    // Not installed, or no build for this platform: the caller reports the times as not had.
    return null
  }
}

function timesOf(libc: Libc, fd: number): TcpTimes | null {
  const bytes = new Uint8Array(LAYOUT.size)
  const length = [LAYOUT.size]
  if (libc.getsockopt(fd, IPPROTO_TCP, TCP_INFO, bytes, length) !== 0) return null
  if ((length[0] ?? 0) < LAYOUT.lastAckReceived + 4) return null
  const view = new DataView(bytes.buffer)
  const field = (offset: number): number => view.getUint32(offset, true)
  return {
    lastSentMs: field(LAYOUT.lastDataSent),
    lastReceivedMs: field(LAYOUT.lastDataReceived),
    lastAcknowledgedMs: field(LAYOUT.lastAckReceived),
    retransmits: view.getUint8(LAYOUT.retransmits),
    unacknowledgedSegments: field(LAYOUT.unacked),
    receivedBytes: (length[0] ?? 0) < LAYOUT.size ? null : receivedOf(view),
  }
}

/** The SYN counts as acknowledged: a kernel that has not even counted that counts nothing. */
function receivedOf(view: DataView): number | null {
  const acknowledged = view.getBigUint64(LAYOUT.bytesAcknowledged, true)
  return acknowledged === 0n ? null : Number(view.getBigUint64(LAYOUT.bytesReceived, true))
}

function borrow(libc: Libc, pid: number, fds: readonly number[]): Map<number, TcpTimes> {
  const found = new Map<number, TcpTimes>()
  const process = libc.syscall(SYS_PIDFD_OPEN, pid, 0, 0)
  if (process < 0) return found
  try {
    for (const fd of fds.slice(0, MAX_SOCKETS)) {
      const copy = libc.syscall(SYS_PIDFD_GETFD, process, fd, 0)
      if (copy < 0) continue
      const times = timesOf(libc, copy)
      libc.close(copy)
      if (times !== null) found.set(fd, times)
    }
  } finally {
    libc.close(process)
  }
  return found
}

/** A listener's times mean nothing, and those of a connection that is not there yet count from the machine's start. */
const UNTIMED = /^(?:LISTEN|SYN_SENT|CLOSE)$/

/** Established and half-closed connections have times worth telling. */
export function withTcpTimes(
  sockets: readonly SocketState[],
  pid: number,
  inside: boolean,
  info: TcpInfo,
): SocketState[] {
  const asked = sockets.filter(({ family, state }) => family.startsWith('tcp') && !UNTIMED.test(state))
  const fds = asked.flatMap((socket) => socket.fd ?? [])
  const times = inside ? new Map(fds.flatMap((fd) => entry(fd, info.own(fd)))) : info.ofProcess(pid, fds)
  return sockets.map((socket) => {
    const known = socket.fd === null || UNTIMED.test(socket.state) ? undefined : times.get(socket.fd)
    if (known === undefined) return socket
    return {
      ...socket,
      lastSentMs: known.lastSentMs,
      lastReceivedMs: known.lastReceivedMs,
      lastAcknowledgedMs: known.lastAcknowledgedMs,
      retransmits: Math.max(socket.retransmits, known.retransmits),
      ...(known.receivedBytes === null ? {} : { receivedBytes: known.receivedBytes }),
    }
  })
}

function entry(fd: number, times: TcpTimes | null): [number, TcpTimes][] {
  return times === null ? [] : [[fd, times]]
}
