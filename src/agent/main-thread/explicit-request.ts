/**
 * Whether somebody wants the agent in this very process. NODE_OPTIONS is inherited by npm, by build tools and by every
 * child: there the agent waits for the first clock, or for the first request that the process serves, and costs nothing
 * until then. Under `conductor-diag run` the worker may be anywhere below, but it is not the package manager.
 */
import path from 'node:path'

const NAME = 'conductor-stall-agent'

/** The package's own folder: what a preload given as a path contains. */
export const PACKAGE_ROOT = path.resolve(__dirname, '../../..')

/** Programs that only start others. */
const STARTERS = new Set(['npm', 'npm-cli', 'npx', 'npx-cli', 'pnpm', 'pnpx', 'yarn', 'corepack', 'nodemon', 'tsx'])

export interface ProcessStart {
  readonly execArgv: readonly string[]
  /** The script, `process.argv[1]`. */
  readonly script: string | undefined
  readonly nodeOptions: string | undefined
  /** `CONDUCTOR_STALL_RUN`: below `conductor-diag run`. */
  readonly run: string | undefined
}

export function isRequestedHere({ execArgv, script, nodeOptions, run }: ProcessStart, root: string): boolean {
  const names = (text: string): boolean => text.includes(NAME) || text.includes(root)
  if (execArgv.some(names) || !names(nodeOptions ?? '')) return true
  return run !== undefined && !isStarter(script)
}

function isStarter(script: string | undefined): boolean {
  if (script === undefined) return false
  // tsx's own name is `cli`, which many a worker has too.
  return STARTERS.has(path.parse(script).name) || script.includes(`${path.sep}tsx${path.sep}dist${path.sep}`)
}
