/** Who the target is, as seen from outside: read from /proc and its binary, nothing executed. */
import os from 'node:os'
import path from 'node:path'
import { readApplication } from '../config/application.js'
import type { ProcessIdentity } from '../model/process-identity.js'
import {
  readCommandLine,
  readEnvironment,
  readExecutable,
  readWorkingFolder,
  startTimeOf,
} from '../platform/procfs/process.js'
import { readStat } from '../platform/procfs/stat.js'
import { OPTIONS_WITH_VALUE } from '../platform/runtime/node-options.js'

export interface IdentityInput {
  readonly pid: number
  /** `/proc/PID`. */
  readonly root: string
  readonly node: string | null
  readonly v8: string | null
  readonly agent: boolean
  /** Takes secrets out of each argument. */
  readonly redactArguments: (argv: readonly string[]) => readonly string[]
}

/** Fields that the kernel refuses are null or empty; pid and start are always there. */
export function identifyProcess(input: IdentityInput): ProcessIdentity {
  const { root } = input
  const stat = readStat(root)
  const argv = quietly(() => readCommandLine(root), [])
  const cwd = readWorkingFolder(root)
  const application = readApplication({
    env: quietly(() => readEnvironment(root), {}),
    entry: entryOf(argv, cwd),
    cwd,
    root: `${root}/root`,
  })
  return {
    pid: input.pid,
    startTime: (startTimeOf(stat.startTicks) ?? new Date(0)).toISOString(),
    startTicks: stat.startTicks,
    node: input.node,
    v8: input.v8,
    arch: process.arch,
    platform: process.platform,
    executable: readExecutable(root)?.path ?? null,
    argv: input.redactArguments(argv),
    cwd,
    agent: input.agent,
    service: application.service,
    version: application.version,
    commit: application.commit,
    hostname: os.hostname(),
  }
}

const WITHOUT_SCRIPT = new Set(['-e', '--eval', '-p', '--print', '-pe', '-i', '--interactive', '--test'])

/** The script of a Node command line, absolute; null where there is none (`-e`) or it can't be told. */
export function entryOf(argv: readonly string[], cwd: string | null): string | null {
  for (let index = 1; index < argv.length; index++) {
    const word = argv[index] ?? ''
    if (WITHOUT_SCRIPT.has(word)) return null
    if (OPTIONS_WITH_VALUE.has(word)) index++
    else if (!word.startsWith('-')) return path.isAbsolute(word) ? word : cwd === null ? null : path.resolve(cwd, word)
  }
  return null
}

function quietly<T>(read: () => T, otherwise: T): T {
  try {
    return read()
  } catch {
    // Refused or gone: labels are welcome, not needed.
    return otherwise
  }
}
