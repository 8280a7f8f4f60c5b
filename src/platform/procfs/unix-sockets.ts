/** /proc/PID/net/unix: path and state of a process's unix sockets. The kernel does not tell here who the peer is. */
import type { SocketState } from '../../model/socket.js'
import { tryReadProcText } from './read.js'

const TABLE_LIMIT_BYTES = 4 * 1024 * 1024

/** __SO_ACCEPTCON of include/uapi/linux/net.h: it listens. */
const FLAG_LISTENING = 0x1_0000
/** SS_CONNECTED of the same file. */
const STATE_CONNECTED = 3

export interface UnixSocketRow {
  readonly inode: number
  readonly state: 'LISTEN' | 'CONNECTED' | 'UNCONNECTED'
  /** '' without a name; `@name` in the abstract namespace. */
  readonly path: string
}

export function parseUnixTable(text: string): UnixSocketRow[] {
  const rows: UnixSocketRow[] = []
  for (const line of text.split('\n')) {
    const match = /^[0-9a-f]+: [0-9A-F]+ [0-9A-F]+ ([0-9A-F]+) [0-9A-F]+ ([0-9A-F]+) +(\d+)(?: (.*))?$/.exec(line)
    if (match === null) continue
    const listening = (Number.parseInt(match[1] ?? '', 16) & FLAG_LISTENING) !== 0
    const connected = Number.parseInt(match[2] ?? '', 16) === STATE_CONNECTED
    rows.push({
      inode: Number(match[3]),
      state: listening ? 'LISTEN' : connected ? 'CONNECTED' : 'UNCONNECTED',
      path: match[4] ?? '',
    })
  }
  return rows
}

/** @param wanted descriptor by inode. */
export function readUnixSockets(root: string, wanted: ReadonlyMap<number, number>): SocketState[] {
  const text = tryReadProcText(`${root}/net/unix`, TABLE_LIMIT_BYTES)
  if (text === null) return []
  return parseUnixTable(text)
    .filter((row) => wanted.has(row.inode))
    .map((row) => ({
      fd: wanted.get(row.inode) ?? null,
      family: 'unix' as const,
      local: row.path,
      peer: null,
      state: row.state,
      // The table has no such columns: unknown, not empty.
      sendQueueBytes: null,
      receiveQueueBytes: null,
      retransmits: 0,
      unacknowledged: false,
      lastReceivedMs: null,
      lastSentMs: null,
      lastAcknowledgedMs: null,
      inode: row.inode,
    }))
}
