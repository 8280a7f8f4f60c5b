/** The overview of a process out of its evidence. Pure. */
import type { AwaitNode } from '../model/await.js'
import type { Evidence } from '../model/evidence.js'
import type { PendingAwait, ProcessOverview, ThreadOverview } from '../model/overview.js'
import { originOf } from '../source/origin.js'
import { blameAwait } from './view/blame.js'
import { hotFrameOf } from './view/hot-frame.js'
import { BUSY_SHARE } from './view/progress.js'
import { viewOf, type ThreadView, type View } from './view/view.js'

/** Null without a look: another program's evidence may have none. */
export function overviewOf(evidence: Evidence): ProcessOverview | null {
  if (evidence.looks.length === 0) return null
  const view = viewOf(evidence)
  const requests = (view.last.awaits?.requests ?? []).filter((request) => !request.begun)
  return {
    main: view.main === null ? null : threadOf(view.main),
    workers: view.workers.map(threadOf),
    pending: pendingIn(view),
    requests: requests.toSorted((a, b) => (b.sinceMs ?? 0) - (a.sinceMs ?? 0)),
  }
}

function threadOf({ last, cpuShare, turns, scripts }: ThreadView): ThreadOverview {
  const burns = (cpuShare ?? 0) >= BUSY_SHARE
  return { stack: last, cpuShare, turns, hottest: burns ? (hotFrameOf(scripts)?.blame.where ?? null) : null }
}

function pendingIn({ last }: View): PendingAwait[] {
  const groups = new Map<string, PendingAwait>()
  for (const node of last.awaits?.awaits ?? []) {
    const waits = node.waitsFor
    // A function that awaits another one that is listed is part of that one's chain.
    if (waits === null || (waits.kind === 'await' && waits.parts === undefined)) continue
    if (node.doubtful === true || !isApplication(node)) continue
    const { where } = blameAwait(node)
    const place = where === null ? '' : [where.function, where.file, where.line].join(':')
    const key = [place, waits.kind, waits.url, waits.path, waits.peer, waits.owner].join('|')
    const known = groups.get(key)
    const ageMs = Math.max(node.seenMs ?? 0, waits.sinceMs ?? 0)
    const older = known !== undefined && known.ageMs >= ageMs ? known : { node, place: where, ageMs }
    groups.set(key, { ...older, count: (known?.count ?? 0) + node.count })
  }
  return [...groups.values()].toSorted((a, b) => b.ageMs - a.ageMs || b.count - a.count)
}

function isApplication(node: AwaitNode): boolean {
  return [node, ...node.awaitedBy].some((each) => originOf(each.file) !== 'node')
}
