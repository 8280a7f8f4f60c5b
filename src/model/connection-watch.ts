/** A kept connection that was watched a little longer: what it sends, and whether anything comes back. */
export interface ConnectionWatch {
  readonly fd: number
  readonly local: string
  readonly peer: string
  readonly watchedMs: number
  /** Times that data went out, each some time after the one before. */
  readonly sends: number
  /** Since data last came, at the end; null when some came meanwhile. */
  readonly silentMs: number | null
}
