/** Numbers of the command line; what is none, or out of its range, is a usage error (64). */
import { InvalidArgumentError } from 'commander'

/** Null where the text is none. */
export function pidIn(text: string): number | null {
  return /^[1-9]\d{0,9}$/.test(text) ? Number(text) : null
}

export function parsePid(text: string): number {
  const pid = pidIn(text)
  if (pid === null) throw new InvalidArgumentError('A pid is a number; conductor-diag ps lists them.')
  return pid
}

export interface NumberRange {
  /** The least that is allowed; 0 unless told otherwise. */
  readonly from?: number
  /** It has to be more than this. */
  readonly above?: number
  readonly to?: number
  readonly whole?: boolean
}

/** A parser for an option whose value is a number in `range`. */
export function numberIn(range: NumberRange): (text: string) => number {
  const { from = 0, above = -Infinity, to = Infinity, whole = false } = range
  const least = range.above === undefined ? `from ${from}` : `above ${above}`
  const most = range.to === undefined ? '' : `${range.above === undefined ? '' : ' and'} up to ${to}`
  const allowed = `It has to be a ${whole ? 'whole ' : ''}number ${least}${most}.`
  return (text) => {
    const value = Number(text)
    const inside = value >= from && value > above && value <= to && (!whole || Number.isSafeInteger(value))
    // Number('') is 0, and Infinity no amount of anything.
    if (text.trim() === '' || !Number.isFinite(value) || !inside) {
      throw new InvalidArgumentError(allowed)
    }
    return value
  }
}
