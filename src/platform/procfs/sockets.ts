/**
 * /proc/PID/net/{tcp,tcp6,udp,udp6}: the sockets of one process with queues, timers and retransmissions. The tables
 * are those of its network namespace; only rows whose inode one of its descriptors leads to are kept.
 */
import type { SocketState } from '../../model/socket.js'
import { inodeOfTarget, type Descriptor } from './descriptors.js'
import { tryReadProcText } from './read.js'
import { readUnixSockets } from './unix-sockets.js'

/** 150 bytes a row: 50,000 sockets in the namespace. Reading more would take over 100 ms. */
const TABLE_LIMIT_BYTES = 8 * 1024 * 1024

/** Kernel's include/net/tcp_states.h. */
const TCP_STATES: readonly string[] = [
  'UNKNOWN',
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECV',
  'FIN_WAIT1',
  'FIN_WAIT2',
  'TIME_WAIT',
  'CLOSE',
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'CLOSING',
  'NEW_SYN_RECV',
]

/** `tr` column of net/ipv4/tcp_ipv4.c get_tcp4_sock: 1 retransmission, 2 keep-alive, 3 TIME_WAIT, 4 zero window probe. */
const TIMER_RETRANSMIT = 1

export type InetFamily = 'tcp' | 'tcp6' | 'udp' | 'udp6'

export interface SocketRow {
  readonly local: string
  readonly peer: string | null
  readonly state: string
  readonly sendQueueBytes: number
  readonly receiveQueueBytes: number
  readonly timer: number
  readonly retransmits: number
  readonly inode: number
}

/** Sockets of the process behind `root`, in order of their descriptors. `descriptors` as listed from the same root. */
export function readSockets(root: string, descriptors: readonly Descriptor[]): SocketState[] {
  const wanted = new Map<number, number>()
  for (const { fd, target } of descriptors) {
    const inode = target.startsWith('socket:') ? inodeOfTarget(target) : null
    if (inode !== null && !wanted.has(inode)) wanted.set(inode, fd)
  }
  if (wanted.size === 0) return []
  // The shortest table first: it holds the pipes of node's own making, which for many a process are all that there is.
  const found: SocketState[] = readUnixSockets(root, wanted)
  for (const family of ['tcp', 'tcp6', 'udp', 'udp6'] as const) {
    if (found.length >= wanted.size) break
    const text = tryReadProcText(`${root}/net/${family}`, TABLE_LIMIT_BYTES)
    if (text === null) continue
    for (const row of parseSocketTable(text, (inode) => wanted.has(inode))) {
      found.push(stateOf(row, family, wanted.get(row.inode) ?? null))
    }
  }
  return found.sort((a, b) => (a.fd ?? 0) - (b.fd ?? 0))
}

function stateOf(row: SocketRow, family: InetFamily, fd: number | null): SocketState {
  return {
    fd,
    family,
    local: row.local,
    peer: row.peer,
    state: family.startsWith('udp') ? (row.peer === null ? 'UNCONNECTED' : 'CONNECTED') : row.state,
    sendQueueBytes: row.sendQueueBytes,
    receiveQueueBytes: row.receiveQueueBytes,
    retransmits: row.retransmits,
    unacknowledged: row.timer === TIMER_RETRANSMIT && row.sendQueueBytes > 0,
    lastReceivedMs: null,
    lastSentMs: null,
    lastAcknowledgedMs: null,
    inode: row.inode,
  }
}

/** What follows the inode proves that the inode was not cut off. The tables are the whole machine's: most rows are others'. */
const INODE = /^\s*\d+:(?:\s+\S+){8}\s+(\d+)\s+\S/

/** Rows for which `wants(inode)` holds; a line that is cut off or unknown is left out. */
export function parseSocketTable(text: string, wants: (inode: number) => boolean = () => true): SocketRow[] {
  const rows: SocketRow[] = []
  for (const line of text.split('\n')) {
    const inode = INODE.exec(line)?.[1]
    if (inode === undefined || !wants(Number(inode))) continue
    const [, local, remote, state, queues, timer, retransmits] = line.trim().split(/\s+/)
    const [sendQueue = '0', receiveQueue = '0'] = (queues ?? '').split(':')
    rows.push({
      local: addressText(local ?? ''),
      peer: /^0*:0000$/.test(remote ?? '') ? null : addressText(remote ?? ''),
      state: TCP_STATES[Number.parseInt(state ?? '', 16)] ?? 'UNKNOWN',
      sendQueueBytes: Number.parseInt(sendQueue, 16),
      receiveQueueBytes: Number.parseInt(receiveQueue, 16),
      timer: Number.parseInt((timer ?? '').split(':')[0] ?? '', 16),
      retransmits: Number.parseInt(retransmits ?? '', 16),
      inode: Number(inode),
    })
  }
  return rows
}

/** `0100007F:1F90` is 127.0.0.1:8080: words in the machine's order (little-endian here), the port in the network's. */
export function addressText(hex: string): string {
  const [address = '', port = ''] = hex.split(':')
  const bytes = bytesOf(address)
  const number = Number.parseInt(port, 16)
  if (bytes.length === 4) return `${bytes.join('.')}:${number}`
  const mapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff
  return mapped ? `${bytes.slice(12).join('.')}:${number}` : `[${ipv6Text(bytes)}]:${number}`
}

function bytesOf(hex: string): number[] {
  const bytes: number[] = []
  for (let word = 0; word + 8 <= hex.length; word += 8) {
    for (let byte = 6; byte >= 0; byte -= 2) bytes.push(Number.parseInt(hex.slice(word + byte, word + byte + 2), 16))
  }
  return bytes
}

/** RFC 5952: lower case, no leading zeros, the first longest run of at least two zero groups shortened. */
function ipv6Text(bytes: readonly number[]): string {
  const groups: string[] = []
  for (let at = 0; at < 16; at += 2) groups.push((((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)).toString(16))
  let best = { start: -1, length: 1 }
  for (let start = 0; start < 8; start++) {
    let end = start
    while (end < 8 && groups[end] === '0') end++
    if (end - start > best.length) best = { start, length: end - start }
  }
  if (best.start < 0) return groups.join(':')
  return `${groups.slice(0, best.start).join(':')}::${groups.slice(best.start + best.length).join(':')}`
}
