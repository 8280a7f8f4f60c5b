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
}
