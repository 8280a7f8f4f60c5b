/** What `doctor` found, one check a line, with what to do under it. */
import type { Check } from '../model/check.js'
import { screenLines } from '../model/printable.js'
import { wrap } from './wrap.js'

const MARK = { ok: 'ok  ', warn: 'warn', no: 'no  ' } as const

/** `width`: columns of the terminal; null: lines as long as they are. */
export function renderChecks(checks: readonly Check[], width: number | null): string {
  const subjects = Math.max(...checks.map(({ subject }) => subject.length))
  const rest = ' '.repeat(subjects + 8)
  const lines = checks.flatMap(({ verdict, subject, text, advice }) => [
    ...wrap(text, { width, first: `${MARK[verdict]}  ${subject.padEnd(subjects)}  `, rest }),
    ...(advice === undefined ? [] : wrap(advice, { width, first: rest })),
  ])
  return screenLines(lines)
}
