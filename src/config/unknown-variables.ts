/** A misspelt variable is silent by nature: it is told of by what it was meant to be. */
import { CONFIG_FILE_VARIABLE, SETTINGS_TABLE } from './settings-table.js'

type Environment = Readonly<Record<string, string | undefined>>

const PREFIX = 'CONDUCTOR_STALL_'
/** Settings of delivery have a table of their own; the rest is what `conductor-diag run` hands to its workers. */
const OTHERS = [
  `${PREFIX}SINK_`,
  `${PREFIX}RUN`,
  `${PREFIX}WORKER`,
  `${PREFIX}INCIDENT`,
  `${PREFIX}BUNDLE`,
  `${PREFIX}VERDICT`,
]
const MAX_WARNINGS = 5
/** Letters that may be wrong in a name of this length and the name be meant all the same. */
const MAX_DISTANCE = 4

/** One warning for each variable that looks like ours and is none. */
export function unknownVariables(env: Environment): string[] {
  const known = [...SETTINGS_TABLE.map((row) => row.variable), CONFIG_FILE_VARIABLE]
  return Object.keys(env)
    .filter((name) => name.startsWith(PREFIX) && !known.includes(name))
    .filter((name) => !OTHERS.some((other) => (other.endsWith('_') ? name.startsWith(other) : name === other)))
    .slice(0, MAX_WARNINGS)
    .map((name) => {
      const [best] = known
        .map((candidate) => ({ candidate, distance: distanceOf(name, candidate) }))
        .sort((a, b) => a.distance - b.distance)
      const meant = best && best.distance <= MAX_DISTANCE ? `; did you mean ${best.candidate}?` : ''
      return `${name.slice(0, 100)} is not a setting, and is ignored${meant}`
    })
}

/** Levenshtein's: insertions, deletions and replacements. */
function distanceOf(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
