/** Where finished lines go. Sinks never block and never throw; what they can't take they drop and count. */

export interface LineSink {
  /** `line` ends with its newline. False when it was dropped. */
  write(line: string): boolean
  /** Lines dropped so far. */
  readonly dropped: number
  /** Null while lines can be taken; else why not, one sentence. */
  readonly unavailable: string | null
  dispose(): void
}

export interface MemorySink extends LineSink {
  /** The lines still held, oldest first. */
  text(): string
}

/** Keeps the newest lines in memory, for the log inside a bundle. */
export function createMemorySink(maxBytes = 262_144): MemorySink {
  const lines: string[] = []
  let heldBytes = 0
  let dropped = 0
  return {
    write(line) {
      lines.push(line)
      heldBytes += Buffer.byteLength(line)
      while (heldBytes > maxBytes) {
        const oldest = lines.shift()
        if (oldest === undefined) break
        heldBytes -= Buffer.byteLength(oldest)
        dropped += 1
      }
      return true
    },
    get dropped() {
      return dropped
    },
    unavailable: null,
    dispose() {
      lines.length = 0
      heldBytes = 0
    },
    text: () => lines.join(''),
  }
}

/** Every line to all of them; `unavailable` only when none can take any. */
export function combineSinks(...sinks: readonly LineSink[]): LineSink {
  return {
    write(line) {
      let taken = false
      for (const sink of sinks) taken = sink.write(line) || taken
      return taken
    },
    get dropped() {
      return Math.max(0, ...sinks.map((sink) => sink.dropped))
    },
    get unavailable() {
      const reasons = sinks.map((sink) => sink.unavailable)
      return reasons.includes(null) ? null : (reasons[0] ?? 'there is no sink')
    },
    dispose() {
      for (const sink of sinks) sink.dispose()
    },
  }
}
