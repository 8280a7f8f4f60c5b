/** Names of an ELF string table, matched as bytes: no string is made for the many that are not wanted. */

/** Longer names are cut. Mangled template names reach some thousand bytes. */
export const MAX_NAME_BYTES = 4096

/** The name at `at` when it is wanted, else null. */
export type Matcher = (window: Buffer, at: number) => string | null

export function anyOf(matchers: readonly Matcher[]): Matcher {
  return (window, at) => {
    for (const match of matchers) {
      const name = match(window, at)
      if (name !== null) return name
    }
    return null
  }
}

export function exactly(names: ReadonlySet<string>): Matcher {
  const wanted = [...names].map((name) => ({ name, bytes: Buffer.from(name, 'latin1') }))
  return (window, at) => {
    for (const { name, bytes } of wanted) {
      // Cheapest first: the terminator, then the last byte (mangled names differ at their end), then all.
      const end = at + bytes.length
      if (window[end] !== 0 || window[end - 1] !== bytes[bytes.length - 1]) continue
      if (window.compare(bytes, 0, bytes.length, at, end) === 0) return name
    }
    return null
  }
}

export function startingWith(prefix: string): Matcher {
  const bytes = Buffer.from(prefix, 'latin1')
  return (window, at) => {
    for (let index = 0; index < bytes.length; index++) if (window[at + index] !== bytes[index]) return null
    const end = window.indexOf(0, at)
    const stop = Math.min(end < 0 ? window.length : end, at + MAX_NAME_BYTES)
    return window.toString('latin1', at, stop)
  }
}
