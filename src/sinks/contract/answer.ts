/** An answer of a server, read without trust: what is not there is a refusal that names it. */
import { refused } from './sink-error.js'

export class Answer {
  readonly at: string
  readonly status: number
  readonly body: unknown
  readonly header: (name: string) => string

  constructor(at: string, status: number, body: unknown, header: (name: string) => string = () => '') {
    this.at = at
    this.status = status
    this.body = body
    this.header = header
  }

  /** What stands there; undefined where something on the way is missing. */
  value(...path: readonly (string | number)[]): unknown {
    return valueAt(this.body, path)
  }

  /** A string or number as text; null when there is neither. */
  maybe(...path: readonly (string | number)[]): string | null {
    const value = this.value(...path)
    return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : null
  }

  /** @throws ERR_STALL_SINK_REFUSED when there is no text */
  text(...path: readonly (string | number)[]): string {
    const value = this.maybe(...path)
    if (value === null) throw refused(`${this.at} answered without ${path.join('.')}`)
    return value
  }

  /** Elements of a list; none where there is no list. */
  list(...path: readonly (string | number)[]): Answer[] {
    const value = this.value(...path)
    return Array.isArray(value) ? value.map((each) => new Answer(this.at, this.status, each)) : []
  }
}

function valueAt(body: unknown, path: readonly (string | number)[]): unknown {
  let value = body
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Record<string | number, unknown>)[key]
  }
  return value
}

/** In a rehearsal: whatever is asked for is `(its name)`, and lists are empty. */
export function rehearsedAnswer(): Answer {
  return new (class extends Answer {
    override value(): unknown {
      return undefined
    }
    override text(...path: readonly (string | number)[]): string {
      return `(${path.join('.')})`
    }
    override list(): Answer[] {
      return []
    }
  })('a rehearsal', 200, null)
}
