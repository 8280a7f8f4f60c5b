/** What is counted of this process's incidents, and the last of them. Bounded, whatever happens. */
import type { Tombstone } from '../../model/incident.js'
import type { IncidentNote } from './probe-messages.js'

const MAX_NOTES = 20
/** As many causes as the catalogue has; beyond, `other`. */
const MAX_SERIES = 200
const BOUNDS = [0.5, 1, 2, 5, 10, 20, 30, 60]

export interface Histogram {
  /** Upper bounds, seconds, rising. */
  readonly bounds: readonly number[]
  /** How many were at or below each bound. */
  readonly counts: readonly number[]
  readonly sum: number
  readonly count: number
}

export class Tally {
  readonly notes: IncidentNote[] = []
  readonly before: Tombstone[] = []
  suppressed = 0
  endedBefore = 0
  private readonly series = new Map<string, { level: string; cause: string; count: number }>()
  private readonly counts = BOUNDS.map(() => 0)
  private captureSeconds = 0
  private captureCount = 0

  incident(note: IncidentNote): void {
    this.notes.push(note)
    if (this.notes.length > MAX_NOTES) this.notes.shift()
    const seconds = note.captureMs / 1000
    this.captureSeconds += seconds
    this.captureCount += 1
    for (const [index, bound] of BOUNDS.entries())
      if (seconds <= bound) this.counts[index] = (this.counts[index] ?? 0) + 1
    const cause = this.series.size < MAX_SERIES ? (note.verdict ?? 'none') : 'other'
    const key = `${note.level} ${cause}`
    const known = this.series.get(key)
    if (known) known.count += 1
    else this.series.set(key, { level: note.level, cause, count: 1 })
  }

  runsBefore(tombstones: readonly Tombstone[]): void {
    this.endedBefore += tombstones.length
    this.before.push(...tombstones.slice(-MAX_NOTES))
    this.before.splice(0, this.before.length - MAX_NOTES)
  }

  get stalls(): { level: string; cause: string; count: number }[] {
    return [...this.series.values()]
  }

  get captures(): Histogram {
    return { bounds: BOUNDS, counts: this.counts, sum: this.captureSeconds, count: this.captureCount }
  }
}
