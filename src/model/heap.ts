/** Heap and garbage collection figures, sizes of the old generation. Null where the engine could not read one. */
export interface HeapState {
  readonly usedBytes: number | null
  readonly committedBytes: number | null
  readonly limitBytes: number | null
  readonly externalBytes: number | null
  readonly collections: number | null
  readonly markCompacts: number | null
  /** Share of the samples in which V8 was collecting, 0 to 1. */
  readonly collectingShare: number | null
  /**
   * By V8's own clock: the share of the time between its last mark-compact collections that they and their marking kept the
   * main thread busy, 0 to 1; the latest ones weigh most. Old where no collection came since. Null or absent: not had.
   */
  readonly compactingShare?: number | null
}
