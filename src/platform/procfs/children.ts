/** Child processes: who a `spawnSync` waits for. */
import { ageMsOf, readCommandLine } from './process.js'
import { listNumbers, readProcText, tryReadProcText } from './read.js'
import { parseStat, readStat } from './stat.js'
import { readSyscall } from './syscall.js'
import { readWchan } from './threads.js'
import { inodeOfTarget, listDescriptors, readDescriptor } from './descriptors.js'
import { readSockets } from './sockets.js'
import type { ChildProcess } from '../../model/kernel.js'

const MAX_CHILDREN = 64

/**
 * Pids of the children of all threads. /proc/PID/task/TID/children needs CONFIG_PROC_CHILDREN; without it every
 * process is asked for its parent.
 */
export function listChildren(root: string, pid: number): number[] {
  const children = new Set<number>()
  let supported = false
  for (const tid of listNumbers(`${root}/task`, 512)) {
    const text = tryReadProcText(`${root}/task/${tid}/children`, 16 * 1024)
    if (text === null) continue
    supported = true
    for (const word of text.split(' ')) if (/^\d+$/.test(word)) children.add(Number(word))
  }
  if (!supported) for (const child of childrenByParent(pid)) children.add(child)
  return [...children].sort((a, b) => a - b).slice(0, MAX_CHILDREN)
}

function childrenByParent(pid: number): number[] {
  return listNumbers('/proc').filter((candidate) => {
    const text = tryReadProcText(`/proc/${candidate}/stat`, 4096)
    return text !== null && parseStat(text).parentPid === pid
  })
}

/** How a command line becomes one text: the place for taking secrets out. */
export type ShowCommand = (argv: readonly string[]) => string

const joined: ShowCommand = (argv) => argv.join(' ')

const READS: ReadonlySet<string> = new Set(['read', 'readv', 'recvfrom', 'recvmsg'])
const WRITES: ReadonlySet<string> = new Set(['write', 'writev', 'pwrite64', 'sendto', 'sendmsg'])

/**
 * What a child can't get rid of, or does not get: its main thread sleeps in a write to a pipe or local socket that nobody
 * empties, or in a read of one that nobody fills or ends. The two
 * ends of a pair of sockets have inodes one after the other (net/socket.c, __sys_socketpair makes one and then the next),
 * and libuv gives the second to the child (src/unix/process.c, uv__process_init_stdio); a pipe has one.
 */
function blockedOn(root: string, pid: number, parent: string): Pick<ChildProcess, 'writing' | 'reading'> | null {
  const call = readSyscall(root, pid)
  if (call === null || call === 'running' || call.fd === undefined) return null
  if (!WRITES.has(call.name) && !READS.has(call.name)) return null
  const target = readDescriptor(root, call.fd)
  const inode = target === null ? null : inodeOfTarget(target)
  if (target === null || inode === null) return null
  const near = target.startsWith('pipe') ? [inode] : [inode - 1]
  const ours = ownDescriptors(parent).filter((each) => {
    const own = inodeOfTarget(each.target)
    return own !== null && near.includes(own) && each.target.slice(0, 4) === target.slice(0, 4)
  })
  const ends = { fd: call.fd, ours: ours.map((each) => each.fd) }
  return WRITES.has(call.name) ? { writing: ends } : { reading: ends }
}

function ownDescriptors(root: string): ReturnType<typeof listDescriptors> {
  try {
    return listDescriptors(root)
  } catch {
    // Refused: then nobody can say which of them it is.
    return []
  }
}

/** Null when it is gone. */
export function readChild(pid: number, show: ShowCommand = joined, parent = '/proc/self'): ChildProcess | null {
  const root = `/proc/${pid}`
  try {
    const stat = readStat(root)
    const wchan = readWchan(root)
    const command = readCommandLine(root)
    const blocked = stat.state === 'S' || stat.state === 'D' ? blockedOn(root, pid, parent) : null
    return {
      pid,
      kernelState: stat.state,
      command: command.length > 0 ? show(command) : `[${readProcText(`${root}/comm`, 64).trim()}]`,
      ageMs: ageMsOf(stat.startTicks) ?? 0,
      wchan,
      ...blocked,
    }
  } catch {
    // It ended between the listing and now: no child to wait for.
    return null
  }
}

/** The table of connections is read anew for each child. */
const MAX_CONNECTED = 4

export function readChildren(root: string, pid: number, show: ShowCommand = joined): ChildProcess[] {
  return listChildren(root, pid).flatMap((pidOfChild, index) => {
    const child = readChild(pidOfChild, show, root)
    if (child === null) return []
    const connectedTo = index < MAX_CONNECTED ? connectionsOf(`/proc/${pidOfChild}`) : []
    return [connectedTo.length === 0 ? child : { ...child, connectedTo }]
  })
}

function connectionsOf(root: string): string[] {
  const open = readSockets(root, ownDescriptors(root)).flatMap(({ family, peer, state }) =>
    family.startsWith('tcp') && peer !== null && (state === 'ESTABLISHED' || state === 'SYN_SENT') ? peer : [],
  )
  return [...new Set(open)].slice(0, MAX_CONNECTED)
}
