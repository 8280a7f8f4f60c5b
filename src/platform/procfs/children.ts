/** Child processes: who a `spawnSync` waits for. */
import { ageMsOf, readCommandLine } from './process.js'
import { listNumbers, readProcText, tryReadProcText } from './read.js'
import { parseStat, readStat } from './stat.js'
import { readWchan } from './threads.js'
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

/** Null when it is gone. */
export function readChild(pid: number, show: ShowCommand = joined): ChildProcess | null {
  const root = `/proc/${pid}`
  try {
    const stat = readStat(root)
    const wchan = readWchan(root)
    const command = readCommandLine(root)
    return {
      pid,
      kernelState: stat.state,
      command: command.length > 0 ? show(command) : `[${readProcText(`${root}/comm`, 64).trim()}]`,
      ageMs: ageMsOf(stat.startTicks) ?? 0,
      wchan,
    }
  } catch {
    // It ended between the listing and now: no child to wait for.
    return null
  }
}

export function readChildren(root: string, pid: number, show: ShowCommand = joined): ChildProcess[] {
  return listChildren(root, pid).flatMap((child) => readChild(child, show) ?? [])
}
