/** The Node processes that a process has started, at any depth, as they come: cluster workers, forks, wrapped scripts. */
import type { Target } from '../model/target.js'
import { listChildren } from '../platform/procfs/children.js'
import { readCommandLine } from '../platform/procfs/process.js'
import { createRedactor } from '../redact/redactor.js'
import { openTarget } from './target-process.js'

export interface StartedProcess {
  readonly target: Target
  readonly command: string
}

/** All that a search asks about, Node or not. */
const MOST_ASKED = 512
/** Those that are kept an eye on. */
const MOST = 64

/** Each call names the processes that have come since the last one. */
export function startedProcesses(root: string, pid: number): () => readonly StartedProcess[] {
  const redactor = createRedactor()
  const named = new Set<number>()
  return () => {
    const found: StartedProcess[] = []
    const queue = [...listChildren(root, pid)]
    for (let asked = 0; asked < MOST_ASKED && named.size < MOST; asked++) {
      const child = queue.shift()
      if (child === undefined) break
      const childRoot = `/proc/${child}`
      queue.push(...listChildren(childRoot, child))
      if (named.has(child)) continue
      try {
        const { target } = openTarget(child)
        found.push({ target, command: redactor.argv(readCommandLine(childRoot)).join(' ') })
        named.add(child)
      } catch {
        // No Node, not yet Node, or ended: asked again next time.
      }
    }
    return found
  }
}
