/** Figures as sentences say them. */
import type { ClockReading } from '../../model/heartbeat.js'

export { formatDuration as seconds, plural } from '../../model/amounts.js'

export function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}

export function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1_048_576)} MB`
}

/** `the last poll of orders failed with Error: no such queue`; null where it was answered, or nobody saw the error. */
export function failedText({ name, failuresInRow, lastError }: ClockReading): string | null {
  return failuresInRow === 0 || lastError === undefined ? null : `the last poll of ${name} failed with ${lastError}`
}
