/**
 * Settings from an environment, each as its row of the table says. Unset (or empty) means the default; invalid means one
 * warning that names variable, value and what is used instead. Loads node core only: the worker's main thread runs this.
 */
import {
  parseBoolean,
  parseCount,
  parseLogFormat,
  parseLogLevel,
  parseMegabytes,
  parsePositiveTime,
  parseTimeFromZero,
  type Parsed,
} from './parse-value.js'
import {
  type Environment,
  labelOf,
  SETTINGS_TABLE,
  type SettingKey,
  type SettingRow,
  type Settings,
} from './settings-table.js'

export type { Environment } from './settings-table.js'

export interface SettingsResult {
  readonly settings: Settings
  /** For the log, one a mistake; never thrown. */
  readonly warnings: readonly string[]
}

type Value = Settings[SettingKey]

/** Reads one environment once; collects the warnings. */
class Reader {
  readonly warnings: string[] = []
  readonly #env: Environment
  readonly #values = new Map<SettingKey, Value>()

  constructor(env: Environment) {
    this.#env = env
  }

  /** Each once: a default may depend on another setting. */
  valueOf<K extends SettingKey>(key: K): Settings[K] {
    if (!this.#values.has(key)) {
      const row = ROWS.get(key)
      if (row !== undefined) this.#values.set(key, this.#read(row))
    }
    return this.#values.get(key) as Settings[K]
  }

  #read(row: SettingRow): Value {
    const fallback = this.#fallbackOf(row)
    const text = this.#env[row.variable]
    // `VAR=` in a unit file or manifest means "not set".
    if (text === undefined || text.trim() === '') return fallback
    const parsed = parserOf(row)(text)
    if ('invalid' in parsed) return this.#refused(row, text, parsed.invalid, fallback)
    const { value } = parsed
    if (row.label === true && value === null) return fallback
    if (row.warnsOf === undefined || value === fallback) return value
    const timeoutMs = this.valueOf(row.warnsOf)
    if (timeoutMs === 0 || Number(value) < timeoutMs) return value
    const why = `is not less than the time-out of ${shown(row, timeoutMs)} that it should warn of`
    return this.#refused(row, text, why, fallback)
  }

  #fallbackOf({ fallback }: SettingRow): Value {
    return typeof fallback === 'function' ? fallback((key) => this.valueOf(key), this.#env) : fallback
  }

  #refused(row: SettingRow, text: string, why: string, used: Value): Value {
    // Cut: somebody may have pasted a file into a variable, and a warning is one line.
    this.warnings.push(`${row.variable}=${JSON.stringify(text.slice(0, 80))} ${why}; using ${shown(row, used)}`)
    return used
  }
}

const ROWS: ReadonlyMap<SettingKey, SettingRow> = new Map(SETTINGS_TABLE.map((row) => [row.key, row]))

function parserOf(row: SettingRow): (text: string) => Parsed<Value> {
  if (row.parse !== undefined) return row.parse
  switch (row.type) {
    case 'time':
      return row.zero === 'invalid' ? parsePositiveTime : parseTimeFromZero
    case 'count':
      return parseCount
    case 'size':
      return parseMegabytes
    case 'boolean':
      return parseBoolean
    case 'level':
      return parseLogLevel
    case 'format':
      return parseLogFormat
    case 'secret':
      return (text) => ({ value: text.trim() })
    case 'path':
      return (text) => ({ value: text })
    case 'text':
      return (text) => ({ value: row.label === true ? labelOf(text) : text })
    default:
      return row.type satisfies never
  }
}

/** A value as a warning names it. */
function shown({ type, key }: SettingRow, value: Value): string {
  if (value === null) return 'the default'
  if (type === 'time') return value === 0 ? '0 (off)' : `${Number(value) / 1000} s`
  if (type === 'size') return `${Number(value) / 2 ** 20} MB`
  return key === 'probesPort' && value === 0 ? '0 (no port)' : String(value)
}

export function readSettings(env: Environment): SettingsResult {
  const reader = new Reader(env)
  const settings = Object.fromEntries(SETTINGS_TABLE.map(({ key }) => [key, reader.valueOf(key)]))
  return { settings: settings as unknown as Settings, warnings: reader.warnings }
}
