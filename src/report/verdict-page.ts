/** Where the documents say what a verdict means, what would make it wrong, and what to do. */
import { VERDICT_CAUSES, type Verdict } from '../model/verdict.js'

/** By the name of its heading; null for a name that the catalogue does not have, as a foreign bundle may bring. */
export function verdictPage({ kind, cause }: Pick<Verdict, 'kind' | 'cause'>): string | null {
  if (!Object.hasOwn(VERDICT_CAUSES, kind)) return null
  const causes: readonly string[] = VERDICT_CAUSES[kind]
  if (cause === null || cause === undefined ? causes.length > 0 : !causes.includes(cause)) return null
  return `docs/verdicts.md#${[kind, cause].filter(Boolean).join('-')}`
}

/** What to do, and where more is said of it. */
export function nextStepText(verdict: Pick<Verdict, 'kind' | 'cause' | 'nextStep'>): string {
  const page = verdictPage(verdict)
  return [verdict.nextStep, page === null ? '' : `More: ${page}`].filter(Boolean).join(' ')
}
