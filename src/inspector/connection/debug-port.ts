/** Which debug port a Node process has or would open, who listens there, all from /proc: nothing is asked of anybody. */
import { listDescriptors } from '../../platform/procfs/descriptors.js'
import { listNumbers, tryReadProcText } from '../../platform/procfs/read.js'
import { readCommandLine, readEnvironment } from '../../platform/procfs/process.js'
import { nodeOptionsOf } from '../../platform/runtime/node-options.js'
import { parseSocketTable, readSockets } from '../../platform/procfs/sockets.js'

export interface DebugPort {
  /** 0: the process picks a free one. */
  readonly port: number
  /** `--inspect` and its kin were given: a port is open already, and is not ours to close. */
  readonly requested: boolean
}

const DEFAULT_PORT = 9229
const INSPECT = /^--(?:inspect|inspect-brk|inspect-wait)(?:=(?:(?:\[[^\]]*\]|[^:]*):)?(\d+)?.*)?$/
const PORT_ONLY = /^--(?:inspect-port|debug-port)=(?:(?:\[[^\]]*\]|[^:]*):)?(\d+)$/

/** From Node's own options: those before the script, and NODE_OPTIONS. */
export function debugPortOf(options: readonly string[]): DebugPort {
  let port = DEFAULT_PORT
  let requested = false
  for (const option of options) {
    const inspect = INSPECT.exec(option)
    const portOnly = PORT_ONLY.exec(option)
    if (inspect) requested = true
    const given = inspect?.[1] ?? portOnly?.[1]
    if (given !== undefined) port = Number(given)
  }
  return { port, requested }
}

export function readDebugPort(root: string): DebugPort {
  const inherited = (readEnvironment(root)['NODE_OPTIONS'] ?? '').split(/\s+/).filter(Boolean)
  return debugPortOf([...nodeOptionsOf(inherited), ...nodeOptionsOf(readCommandLine(root).slice(1))])
}

/** Ports that the process listens on, with proof: the listening sockets' inodes are among its own descriptors. */
export function listeningPorts(root: string): number[] {
  return readSockets(root, listDescriptors(root))
    .filter((socket) => socket.state === 'LISTEN' && socket.family.startsWith('tcp'))
    .map((socket) => portOf(socket.local))
}

/** Whether somebody's debugger is connected to the process's debug port: theirs to pause and resume, not ours. */
export function isDebuggerAttached(root: string): boolean {
  const { port } = readDebugPort(root)
  const sockets = readSockets(root, listDescriptors(root)).filter((socket) => portOf(socket.local) === port)
  return sockets.some((socket) => socket.state === 'LISTEN') && sockets.some((socket) => socket.state === 'ESTABLISHED')
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1))
}

export interface PortHolder {
  readonly pid: number | null
  readonly command: string
}

/** Who listens on a port in the network namespace of `root`; null when nobody does. */
export function holderOf(root: string, port: number): PortHolder | null {
  const inodes = ['tcp', 'tcp6'].flatMap((table) =>
    parseSocketTable(tryReadProcText(`${root}/net/${table}`, 8 << 20) ?? '')
      .filter((row) => row.state === 'LISTEN' && portOf(row.local) === port)
      .map((row) => row.inode),
  )
  if (inodes.length === 0) return null
  const wanted = new Set(inodes.map((inode) => `socket:[${inode}]`))
  for (const pid of listNumbers('/proc')) {
    if (!holds(pid, wanted)) continue
    const command = tryReadProcText(`/proc/${pid}/cmdline`, 512)?.split('\0').filter(Boolean).join(' ')
    return { pid, command: command ?? '' }
  }
  return { pid: null, command: '' }
}

function holds(pid: number, targets: ReadonlySet<string>): boolean {
  try {
    return listDescriptors(`/proc/${pid}`).some((descriptor) => targets.has(descriptor.target))
  } catch {
    // Not ours to look at: it may be the holder, which is then reported without a name.
    return false
  }
}
