/**
 * Itanium C++ names, as far as reports need them: the nested name without parameters and template arguments.
 * `_ZN4node6fs10FileHandleC2Ev` becomes `node::fs::FileHandle::FileHandle`; what is not understood stays as it is.
 */
const MAX_PARTS = 32
const CV_QUALIFIERS = 'KVrRO'

export function demangle(symbol: string): string {
  // Clones made by the compiler: `name.part.0`, `name.cold`.
  // `_ZThn56_` and the like: a thunk that adjusts `this`, then the function's own name.
  const base = (symbol.split('.')[0] ?? symbol).replace(/^_ZT[hv]n?\d+_(?:n?\d+_)?/, '_Z')
  if (!base.startsWith('_Z')) return base || symbol
  const parts = new NameReader(base, base.startsWith('_ZTV') ? 4 : 2).read()
  return parts.length > 0 ? parts.join('::') : symbol
}

/**
 * The class of a `_ZTV...` symbol, namespaces dropped (`TCPWrap`); null for other symbols. Node's crypto jobs are one
 * template, named by its argument here: `DeriveBitsJob<PBKDF2Traits>` is `PBKDF2Job`.
 */
export function vtableClass(symbol: string): string | null {
  if (!symbol.startsWith('_ZTV')) return null
  const name = new NameReader(symbol, 4).read().at(-1) ?? null
  if (name === null || !name.endsWith('Job')) return name
  const traits = identifiers(symbol).find((part) => part.endsWith('Traits'))
  return traits === undefined ? name : `${traits.slice(0, -'Traits'.length)}Job`
}

/** Everything in a mangled name that reads as `LENGTH IDENTIFIER`. */
function identifiers(symbol: string): string[] {
  return [...symbol.matchAll(/\d+/g)].map((match) => {
    const from = match.index + match[0].length
    return symbol.slice(from, from + Number(match[0]))
  })
}

class NameReader {
  readonly #text: string
  #at: number

  constructor(text: string, at: number) {
    this.#text = text
    this.#at = at
  }

  read(): string[] {
    const text = this.#text
    if (text[this.#at] === 'Z') this.#at++
    if (text[this.#at] === 'L') this.#at++
    const nested = text[this.#at] === 'N'
    if (nested) {
      this.#at++
      while (CV_QUALIFIERS.includes(text[this.#at] ?? '-')) this.#at++
    }
    const parts: string[] = []
    while (parts.length < MAX_PARTS) {
      const part = this.#part(parts.at(-1))
      if (part === null) break
      parts.push(part)
      if (!nested && part !== 'std') break
    }
    return parts
  }

  #part(previous: string | undefined): string | null {
    const text = this.#text
    const two = text.slice(this.#at, this.#at + 2)
    if (text[this.#at] === 'L') {
      this.#at++
      return this.#part(previous)
    }
    if (two === 'St') {
      this.#at += 2
      return 'std'
    }
    if (/^[CD]\d/.test(two) && previous !== undefined) {
      this.#at += 2
      return two.startsWith('D') ? `~${previous}` : previous
    }
    const length = /^\d{1,4}/.exec(text.slice(this.#at, this.#at + 4))?.[0]
    if (length === undefined) return null
    const from = this.#at + length.length
    const name = text.slice(from, from + Number(length))
    if (name.length < Number(length)) return null
    this.#at = from + Number(length)
    if (text[this.#at] === 'I') this.#skipTemplateArguments()
    return name.startsWith('_GLOBAL__N_') ? '(anonymous)' : name
  }

  /** Balances I, N, X, J ... E; identifiers are skipped whole, as they may hold those letters. */
  #skipTemplateArguments(): void {
    const text = this.#text
    let depth = 0
    do {
      const length = /^\d{1,4}/.exec(text.slice(this.#at, this.#at + 4))?.[0]
      if (length !== undefined) {
        this.#at += length.length + Number(length)
        continue
      }
      const letter = text[this.#at] ?? ''
      if (letter !== '' && 'INXJ'.includes(letter)) depth++
      else if (letter === 'E') depth--
      this.#at++
    } while (depth > 0 && this.#at < text.length)
  }
}
