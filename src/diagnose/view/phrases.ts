/** Figures as sentences say them. */
export { formatDuration as seconds, plural } from '../../model/amounts.js'

export function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}

export function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1_048_576)} MB`
}
