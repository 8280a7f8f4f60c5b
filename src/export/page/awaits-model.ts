/** The await tree from the outermost awaiter down, as steps for a page: openings, leaves and closings. */
import type { AwaitRoot } from '../../model/await.js'
import type { Frame } from '../../model/frame.js'
import { frameLine } from '../../report/places.js'
import type { ReportedIncident } from '../../report/reported-incident.js'
import { waitText } from '../../report/wait/wait-text.js'
import { originOf } from '../../source/origin.js'

const MAX_NODES = 3000
const MAX_DEPTH = 200
/** Open at first: a tree of a few lines is read, one of hundreds is searched. */
const OPEN_NODES = 60

interface Step {
  readonly close?: boolean
  readonly leaf?: boolean
  readonly open?: boolean
  readonly text?: string
  readonly waits?: string
  readonly count?: string | null
}

export function awaitsModel({ manifest, evidence }: ReportedIncident): object | null {
  const roots = evidence?.looks.at(-1)?.awaits?.roots ?? []
  if (roots.length === 0) return null
  const steps: Step[] = []
  let nodes = 0
  let left = 0
  const { cwd } = manifest.process
  const visit = (root: AwaitRoot, depth: number): void => {
    if (nodes >= MAX_NODES || depth > MAX_DEPTH) {
      left++
      return
    }
    nodes++
    const text = frameLine(frameOf(root), cwd)
    const waits = root.waitsFor ? `waits for ${waitText(root.waitsFor)}` : ''
    const count = root.count > 1 ? `${root.count} ×` : null
    if (root.awaiting.length === 0) {
      steps.push({ leaf: true, text, waits, count })
      return
    }
    steps.push({ text, waits, count, open: originOf(root.file) === 'user' && nodes < OPEN_NODES })
    for (const child of root.awaiting) visit(child, depth + 1)
    steps.push({ close: true })
  }
  for (const root of roots) visit(root, 0)
  return { steps, more: left > 0 ? `${left} more are in await-roots.json.` : null }
}

function frameOf({ function: name, file, line, column, source }: AwaitRoot): Frame {
  return { function: name, file, line, column, tier: null, async: false, native: false, ...(source ? { source } : {}) }
}
