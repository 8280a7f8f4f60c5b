/**
 * Whether somebody wants the agent in this very process. NODE_OPTIONS is inherited by npm, by build tools and by every
 * child: there the agent waits for the first clock and costs nothing until then.
 */
import path from 'node:path'

const NAME = 'conductor-stall-agent'

/** The package's own folder: what a preload given as a path contains. */
export const PACKAGE_ROOT = path.resolve(__dirname, '../../..')

export function isRequestedHere(execArgv: readonly string[], nodeOptions: string | undefined, root: string): boolean {
  const names = (text: string): boolean => text.includes(NAME) || text.includes(root)
  return execArgv.some(names) || !names(nodeOptions ?? '')
}
