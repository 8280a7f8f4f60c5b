/** The last minutes as a drawing: how long each clock had been silent, and when the capture looked. */
import { formatDuration, plural } from '../../model/amounts.js'
import { printable } from '../../model/printable.js'
import type { ReportedIncident } from '../../report/reported-incident.js'

const WIDTH = 800
const ROW = 40
const TOP = 24
const MAX_ROWS = 20
const MAX_LOOKS = 20

export function timelineModel({ manifest, evidence }: ReportedIncident): object | null {
  const looks = (evidence?.looks ?? []).slice(-MAX_LOOKS)
  const last = looks.at(-1)
  const clocks = (last?.clocks ?? manifest.clocks).toSorted((a, b) => b.ageMs - a.ageMs).slice(0, MAX_ROWS)
  if (clocks.length === 0 || !clocks.every((clock) => Number.isFinite(clock.ageMs))) return null
  const endMs = last?.takenAtMs ?? 0
  const looksAgoMs = looks.map((look) => endMs - look.takenAtMs)
  // A little more than the longest silence, so that its beginning can be seen.
  const spanMs = Math.max(1000, ...clocks.map((clock) => clock.ageMs), ...looksAgoMs) * 1.08
  const xOf = (agoMs: number): number => Math.round((1 - Math.max(0, agoMs) / spanMs) * (WIDTH - 2)) + 1
  const { stall } = manifest
  const rows = clocks.map((clock, i) => ({
    name: printable(`${clock.name}: silent for ${formatDuration(clock.ageMs)}`),
    kind: clock.name === stall?.clock || clock.ageMs >= (stall?.thresholdMs ?? Infinity) ? 'silent' : 'calm',
    x: xOf(clock.ageMs),
    y: TOP + i * ROW,
    width: Math.max(2, WIDTH - xOf(clock.ageMs)),
  }))
  const height = TOP + rows.length * ROW + 24
  const ticks = [0, 0.25, 0.5, 0.75].map((part) => ({
    x: xOf(spanMs * (1 - part)),
    text: `-${formatDuration(spanMs * (1 - part))}`,
    anchor: part === 0 ? 'start' : 'middle',
  }))
  return {
    height,
    rows,
    ticks,
    looks: looksAgoMs.map((agoMs, i) => {
      const x = xOf(agoMs)
      return { x, text: `look ${i + 1}`, anchor: x > WIDTH - 60 ? 'end' : 'middle' }
    }),
    texts: [
      ...clocks.map((clock) =>
        printable(`${clock.name}: last beat ${formatDuration(clock.ageMs)} before the last look`),
      ),
      `${plural(looks.length, 'look')}: ${looksAgoMs.map((agoMs) => (agoMs === 0 ? 'the last one' : `${formatDuration(agoMs)} before it`)).join(', ')}`,
      ...(stall === null || stall.trigger === 'manual'
        ? []
        : [
            printable(
              `${stall.clock ?? 'the clock'} was found silent for ${formatDuration(stall.ageMs)}, the limit being ${formatDuration(stall.thresholdMs)}`,
            ),
          ]),
    ],
  }
}
