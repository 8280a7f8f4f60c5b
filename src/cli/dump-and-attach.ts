/** `dump PID --attach-to jira:OPS-123`: what a look at a process found, as a bundle, to where people work. */
import { rmSync } from 'node:fs'
import { StallError } from '../model/stall-error.js'
import { EXIT } from './exit-codes.js'

export interface AttachOptions {
  readonly json?: boolean
  readonly out?: string
  readonly attachTo?: readonly string[]
  readonly dryRun?: boolean
  readonly redact: boolean
}

/** Looks at the process and prints; a bundle goes into the folder `out`, and `sealed` is told where it is. */
type Dump = (out?: string, sealed?: (folder: string) => void) => Promise<number>

/** The bundle goes where a worker's would, unless `--out` names a place; what was found is printed either way. */
export async function dumpAndAttach(options: AttachOptions, dump: Dump): Promise<number> {
  const { attachTo: to, dryRun = false, json = false } = options
  if (to === undefined) {
    if (dryRun) throw usage('--dry-run shows what --attach-to would send', 'Add --attach-to, or leave it out.')
    return await dump()
  }
  if (!options.redact) {
    throw usage('--no-redact is for your own screen, not for a ticket', 'Leave out --no-redact, or --attach-to.')
  }
  const { attachBundle, checkWish, wherever } = await import('./attach-bundle.js')
  // Before the process is looked at: a wrong word should cost nothing.
  const env = checkWish(to)
  const sealed: string[] = []
  const code = await dump(options.out ?? wherever(env), (folder) => sealed.push(folder))
  const [folder] = sealed
  if (folder === undefined) return code
  try {
    // Links go to stderr beside --json, whose stdout is the dump.
    const attached = await attachBundle({ folder, to, env, json: false, dryRun, quiet: json })
    return code === EXIT.ok ? attached : code
  } finally {
    // Where a place was named the bundle was asked for, too.
    if (dryRun && options.out === undefined) rmSync(folder, { recursive: true, force: true })
  }
}

function usage(message: string, help: string): StallError {
  return new StallError('ERR_STALL_USAGE', message, { help })
}
