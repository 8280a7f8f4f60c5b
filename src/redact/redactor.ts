/**
 * Takes secrets out before anything reaches the disk: by name (variables, options, properties, query parameters) and
 * by shape. Counts what it took, by rule; never keeps a value. Over-careful by choice: a value too many is a nuisance,
 * a password in a ticket is an incident of its own.
 */
import { DETECTORS, type Detector } from './detectors.js'
import { isKeyName, isSecretName, isSecretVariable } from './secret-names.js'

export interface TextOptions {
  /** The text is source code: an unquoted `token = next()` is code, not a secret; literals still are. */
  readonly code?: boolean
}

export interface Redactor {
  text(text: string, options?: TextOptions): string
  /** Without query, fragment and credentials: for URLs in evidence. */
  url(url: string): string
  environment(env: Readonly<Record<string, string | undefined>>): Record<string, string>
  /** A command line, argument by argument: `--password x`, `--token=x`, `-u user:x`, `NAME=x`; `-e CODE` as code. */
  argv(args: readonly string[]): string[]
  /** One value under the name it has (`--locals`, properties). */
  named(name: string, value: string): string
  /** A copy of any JSON value, names and texts at any depth; circles and depth beyond 50 are cut. */
  value(value: unknown): unknown
  /** By rule, for the manifest. */
  readonly counts: Readonly<Record<string, number>>
}

const MAX_DEPTH = 50

/**
 * The beginning of `name: value`, `name=value`, `"name": "value"`. The lookbehind starts a name only where one begins,
 * which keeps the search linear. The value is read apart: what is no secret may hold one (`url: http://h/?token=x`).
 */
const NAME = /(?<![\w.-])(-{0,2}[A-Za-z_][\w.-]{0,79})["'\\]{0,2}\s{0,3}[=:]\s{0,3}/g
const VALUE =
  /"(?:[^"\\\n]|\\.){1,4096}"|'(?:[^'\\\n]|\\.){1,4096}'|`(?:[^`\\\n$]|\\.){1,4096}`|[^\s"',;&)}\]][^\s"'`,;&)}\]]{0,4095}/y
/** `--password x`, inside the one argument that a shell was given. */
const OPTION = /(?<![\w-])(--?[A-Za-z][\w-]{1,79})(\s{1,3})("[^"\n]{1,4096}"|'[^'\n]{1,4096}'|[^\s"'-][^\s"']{0,4096})/g

/** What follows is a program: `node -e CODE`. */
const CODE_OPTION = /^(?:-e|--eval|-p|--print|-pe)$/

/** V8 keeps no name of a variable that lives in a register, and none of an argument with a pattern or a default. */
const UNNAMED = /^(?:register|argument) \d{1,9}$/
/** A quoted text that is the value itself or an element of a list, cut off or not. */
const BARE_TEXT = /(^|[[,(]\s{0,3})"(?:[^"\\]|\\.)*(?:"|$)/g

/** `token.js:12:5` is a place in the source text. */
const SOURCE_FILE = /\.[cm]?[jt]sx?$/
const LINE = /^\d{1,7}(?::\d{1,7})?$/

/** Text that can't be a secret's value: `password: undefined`, `token=true`. */
const NO_VALUE = /^["']?(?:undefined|null|true|false|none|\[redacted:.*|\[object \w+\]?|)["']?$/i

export function createRedactor(): Redactor {
  const counts: Record<string, number> = {}

  function mark(rule: string): string {
    counts[rule] = (counts[rule] ?? 0) + 1
    return `[redacted:${rule}]`
  }

  function detect(text: string, detector: Detector): string {
    return text.replace(detector.pattern, (match, ...rest: unknown[]) => {
      const groups = rest.filter((group): group is string => typeof group === 'string').slice(0, -1)
      if (detector.replace === undefined) return mark(detector.rule)
      // Counted only when something is taken out.
      const replaced = detector.replace(`[redacted:${detector.rule}]`, match, ...groups)
      if (replaced === null) return match
      mark(detector.rule)
      return replaced
    })
  }

  function assignments(text: string, code: boolean): string {
    let output = ''
    let done = 0
    NAME.lastIndex = 0
    for (let name = NAME.exec(text); name !== null; name = NAME.exec(text)) {
      if (!isSecretName(name[1] ?? '')) continue
      VALUE.lastIndex = NAME.lastIndex
      const value = VALUE.exec(text)?.[0]
      if (value === undefined) continue
      const quote = /^(["'`]).*\1$/s.exec(value)?.[1] ?? ''
      // Unquoted in code is an expression; unless it stands in the query of a URL, which is inside a literal.
      const isExpression = code && quote === '' && !/[?&]/.test(text.charAt(name.index - 1))
      if (NO_VALUE.test(value) || isExpression || (SOURCE_FILE.test(name[1] ?? '') && LINE.test(value))) continue
      output += `${text.slice(done, NAME.lastIndex)}${quote}${mark('key-name')}${quote}`
      done = VALUE.lastIndex
      NAME.lastIndex = done
    }
    return output + text.slice(done)
  }

  function secretOptions(text: string): string {
    return text.replace(OPTION, (match, name: string, space: string, value: string) =>
      NO_VALUE.test(value) || !isSecretName(name) ? match : `${name}${space}${mark('key-name')}`,
    )
  }

  function text(input: string, options: TextOptions = {}): string {
    let output = input
    for (const detector of DETECTORS) {
      if (options.code !== true || detector.notInCode !== true) output = detect(output, detector)
    }
    if (options.code !== true) output = secretOptions(output)
    return assignments(output, options.code ?? false)
  }

  function named(name: string, value: string): string {
    if (UNNAMED.test(name)) return unnamed(value)
    if (isSecretName(name) && !NO_VALUE.test(value)) return mark('key-name')
    // `key` may be one of a map or one to a door: what it looks like decides.
    if (isKeyName(name) && looksRandom(bareText(value))) return mark('random-looking')
    return text(value)
  }

  /** Texts without a name may be anything, a password too: only those under a property's name are judged by it. */
  function unnamed(value: string): string {
    return text(value.replace(BARE_TEXT, (_match, before: string) => `${before}"${mark('unnamed')}"`))
  }

  function url(input: string): string {
    const end = input.search(/[?#]/)
    const bare = end < 0 ? input : input.slice(0, end)
    if (end >= 0 && input.charAt(end) === '?') mark('url-query')
    return text(bare)
  }

  function environment(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
    const output: Record<string, string> = {}
    for (const [name, value] of Object.entries(env)) {
      if (value === undefined) continue
      output[name] = redactVariable(name, value)
    }
    return output
  }

  function redactVariable(name: string, value: string): string {
    if (value === '') return ''
    if (isSecretVariable(name)) return mark('key-name')
    const cleaned = text(value)
    return cleaned === value && looksRandom(value) ? mark('random-looking') : cleaned
  }

  function argv(args: readonly string[]): string[] {
    let secretNext = false
    return args.map((argument, index) => {
      const secret = secretNext
      secretNext = false
      if (secret && !argument.startsWith('--')) return mark('key-name')
      if (CODE_OPTION.test(args[index - 1] ?? '')) return text(argument, { code: true })
      if (index > 0 && /^--?[A-Za-z][\w-]*$/.test(argument)) {
        secretNext = isSecretName(argument)
        return argument
      }
      const user = index > 0 && /^(?:-u|--user)$/.test(args[index - 1] ?? '')
      if (user && argument.includes(':')) return `${argument.slice(0, argument.indexOf(':'))}:${mark('key-name')}`
      const equals = argument.indexOf('=')
      const name = equals > 0 ? argument.slice(0, equals) : ''
      // The whole rest is the value here, spaces and all.
      if (/^-{0,2}[\w.-]+$/.test(name) && isSecretName(name)) return `${name}=${mark('key-name')}`
      return text(argument)
    })
  }

  function walk(input: unknown, name: string, depth: number, above: readonly object[]): unknown {
    if (typeof input === 'string') return name === '' ? text(input) : named(name, input)
    if (typeof input === 'number' || typeof input === 'bigint') {
      return isSecretName(name) && /secret|pass|pin|otp|pw|psk|cvv|cvc|ssn|mfa/i.test(name) ? mark('key-name') : input
    }
    if (typeof input !== 'object' || input === null) return input
    if (depth >= MAX_DEPTH) return '[too deep]'
    if (above.includes(input)) return '[circular]'
    const inside = [...above, input]
    // Elements of `passwords: [...]` are under that name too.
    if (Array.isArray(input)) return input.map((inner: unknown) => walk(inner, name, depth + 1, inside))
    return Object.fromEntries(
      Object.entries(input).map(([key, inner]) => [key, walk(inner, key, depth + 1, inside)] as const),
    )
  }

  return { text, url, environment, argv, named, value: (input) => walk(input, '', 0, []), counts }
}

/** For `--no-redact`, which only the command line has: a person asked for it, for a process of their own. */
export function createOpenRedactor(): Redactor {
  return {
    text: (text) => text,
    url: (url) => url,
    environment: (env) =>
      Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined)),
    argv: (args) => [...args],
    named: (_name, value) => value,
    value: (value) => value,
    counts: {},
  }
}

/** Values of variables are quoted, and cut off where they are long. */
function bareText(value: string): string {
  return /^"([^"]*?)(?:\.\.\.)?"$/.exec(value)?.[1] ?? value
}

/**
 * 24 characters or more of one alphabet without words, paths or separators, as keys without a telling name have.
 * Commit ids (hex, 40) are meant to be seen and are let through.
 */
function looksRandom(value: string): boolean {
  if (!/^[A-Za-z0-9+/_=-]{24,512}$/.test(value) || /^[0-9a-f]{40}$/.test(value)) return false
  if (/^\/|\/\/|^[a-z-]+$|^[0-9]+$/.test(value)) return false
  const classes = [/[a-z]/, /[A-Z]/, /[0-9]/].filter((pattern) => pattern.test(value)).length
  // Names of pods and hosts are lower case and digits between dashes.
  return classes >= (/[-_]/.test(value) ? 3 : 2) && bitsPerCharacter(value) > 3.5
}

/** Shannon entropy. English runs at about 4 a letter only over long texts; names of hosts and folders stay below. */
function bitsPerCharacter(value: string): number {
  const counts = new Map<string, number>()
  for (const character of value) counts.set(character, (counts.get(character) ?? 0) + 1)
  let bits = 0
  for (const count of counts.values()) bits -= (count / value.length) * Math.log2(count / value.length)
  return bits
}
