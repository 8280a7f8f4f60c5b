/** The Node process behind a wrapper: a shell, npm, a start script. */
import type { ChildProcess } from '../model/kernel.js'
import { listChildren, readChild, type ShowCommand } from '../platform/procfs/children.js'
import { recognizeRuntime } from '../platform/runtime/recognize.js'

/** `npm start` is npm, sh, node: no wrapper is deeper. */
const DEPTH = 4
const MOST = 64

/** Package managers run on Node themselves, and what one is after is their child. */
const MANAGER = /\/(?:npm|npx|pnpm|pnpx|yarn|yarnpkg|corepack)(?:-cli)?(?:\.c?js)?$/

export function isPackageManager(argv: readonly string[]): boolean {
  return argv.slice(0, 2).some((word) => MANAGER.test(word)) || /^np[mx] /.test(argv[0] ?? '')
}

/** The nearest descendants that run Node and are no package manager, parents first. */
export function nodeChildren(root: string, pid: number, show: ShowCommand): ChildProcess[] {
  const found: ChildProcess[] = []
  let level = listChildren(root, pid)
  let asked = 0
  for (let depth = 0; depth < DEPTH && level.length > 0; depth++) {
    const next: number[] = []
    for (const child of level) {
      if (asked++ >= MOST) return found
      let argv: readonly string[] = []
      const shown = readChild(child, (words) => show((argv = words)))
      if (shown === null) continue
      if (isNode(child) && !isPackageManager(argv)) found.push(shown)
      else next.push(...listChildren(`/proc/${child}`, child))
    }
    level = next
  }
  return found
}

function isNode(pid: number): boolean {
  try {
    return recognizeRuntime(`/proc/${pid}`).kind === 'node'
  } catch {
    // It ended, or is another user's: nothing to point at.
    return false
  }
}

/** `Its child 4711 is Node (node worker.js): conductor-diag dump 4711`; null without one. */
export function nodeChildHint(root: string, pid: number, show: ShowCommand): string | null {
  const [first, ...others] = nodeChildren(root, pid, show)
  if (first === undefined) return null
  const more = others.length === 0 ? '' : `, and ${others.map((child) => child.pid).join(', ')}`
  return `Its child ${first.pid}${more} is Node (${first.command}): conductor-diag dump ${first.pid}`
}
