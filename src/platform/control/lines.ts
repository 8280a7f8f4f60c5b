/** Cuts a byte stream into lines of bounded length. */

export interface LineSplitter {
  /** Complete lines so far, without newlines; null once a line is longer than allowed. */
  push(chunk: Buffer): readonly string[] | null
}

export function createLineSplitter(maxBytes: number): LineSplitter {
  let held: Buffer[] = []
  let heldBytes = 0
  let broken = false
  return {
    push(chunk) {
      if (broken) return null
      const lines: string[] = []
      let start = 0
      for (;;) {
        const newline = chunk.indexOf(10, start)
        const piece = chunk.subarray(start, newline < 0 ? undefined : newline)
        if (heldBytes + piece.length > maxBytes) {
          broken = true
          held = []
          return null
        }
        held.push(piece)
        heldBytes += piece.length
        if (newline < 0) return lines
        lines.push(Buffer.concat(held).toString('utf8'))
        held = []
        heldBytes = 0
        start = newline + 1
      }
    },
  }
}
