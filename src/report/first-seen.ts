/** What a dump shows of a process while it still searches for its awaits: what its threads do, and its sockets. */
import type { Evidence } from '../model/evidence.js'
import type { ProcessOverview } from '../model/overview.js'
import { screenLines } from '../model/printable.js'
import { shortLines } from './dump-short.js'
import { painter } from './terminal.js'
import { wrapLines } from './wrap-lines.js'

/** Lines that fit into `width`; none where nothing is known yet. */
export function renderFirstSeen(
  evidence: Evidence,
  overview: ProcessOverview | null,
  { color, width }: { readonly color: boolean; readonly width: number | null },
): readonly string[] {
  if (overview === null || overview.main === null) return []
  const paint = painter(color)
  const lines = [
    ...shortLines(overview, evidence.process.cwd, paint, { threads: true, awaits: false }),
    `${paint('bold', 'Sockets:')} ${socketsText(evidence)}`,
    paint('dim', 'Still looking: its awaits, and whether anything moves.'),
  ]
  return wrapLines(lines, width).map((line) => screenLines([line]).trimEnd())
}

/** `3 (2 established, 1 listen)`. */
function socketsText({ looks }: Evidence): string {
  const sockets = looks.at(-1)?.kernel?.sockets ?? []
  if (sockets.length === 0) return 'none'
  const states = new Map<string, number>()
  for (const { state } of sockets) states.set(state, (states.get(state) ?? 0) + 1)
  const parts = [...states].map(([state, count]) => `${count} ${state.toLowerCase().replaceAll('_', ' ')}`)
  return `${sockets.length} (${parts.join(', ')})`
}
