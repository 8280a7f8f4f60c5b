/**
 * Settings of delivery from an environment. Secrets come from a variable, or from the file that the variable with
 * `_FILE` behind it names; nothing here ever says their value.
 */
import { readFileSync } from 'node:fs'
import { StallError } from '../model/stall-error.js'
import { parseBoolean, parseCount, parseTimeMs, type Parsed } from './parse-value.js'
import type { Environment } from './settings.js'
import { SINK_PREFIX, SINK_SETTINGS_TABLE, type SinkSettingRow, variablesOf } from './sink-settings-table.js'

/** Values of one destination by their name without the prefix, lower case: `url`, `access_key_id`. Times are ms. */
export interface SinkValues {
  text(name: string): string | null
  /** Throws ERR_STALL_CONFIG_INVALID naming the variable when there is none. */
  needed(name: string): string
  number(name: string, fallback: number): number
  flag(name: string): boolean
  list(name: string): readonly string[]
}

export interface SinkSettings {
  readonly general: SinkValues
  of(sink: string): SinkValues
  /** What has to be set before the destination can be used; empty when it can. */
  missing(sink: string): readonly string[]
  /** Anything of it is set: whoever did so means to use it. */
  isMentioned(sink: string): boolean
  /** `CONDUCTOR_STALL_SINK_TO`. */
  readonly to: readonly string[]
  /** Every secret value that was read: to be taken out of texts. */
  readonly secrets: readonly string[]
  readonly warnings: readonly string[]
}

/** Throws ERR_STALL_CONFIG_INVALID for a secret's file that can't be read, naming variable and file. */
export function readSinkSettings(env: Environment): SinkSettings {
  const values = new Map<string, string | number | boolean>()
  const warnings: string[] = []
  const secrets: string[] = []
  for (const row of SINK_SETTINGS_TABLE) {
    const text = row.type === 'secret' ? secretOf(row.variable, env) : (env[row.variable] ?? '').trim()
    if (text === '') continue
    if (row.type === 'secret') secrets.push(text)
    const parsed = parse(row, text)
    if ('value' in parsed) values.set(row.variable, parsed.value)
    else
      warnings.push(
        `${row.variable}=${JSON.stringify(shown(text))} ${parsed.invalid}; ${row.required ? 'it counts as not set' : 'using the default'}`,
      )
  }
  warnings.push(...unknownVariables(env))
  const valuesOf = (sink: string | null): SinkValues => {
    const prefix = sink === null ? SINK_PREFIX : prefixOf(sink)
    const get = (name: string) => values.get(prefix + name.toUpperCase())
    const text = (name: string): string | null => {
      const value = get(name)
      return typeof value === 'string' ? value : null
    }
    return {
      text,
      needed: (name) => text(name) ?? missingSetting(prefix + name.toUpperCase()),
      number: (name, fallback) => {
        const value = get(name)
        return typeof value === 'number' ? value : fallback
      },
      flag: (name) => get(name) === true,
      list: (name) => splitList(text(name)),
    }
  }
  return {
    general: valuesOf(null),
    of: valuesOf,
    missing: (sink) =>
      SINK_SETTINGS_TABLE.filter((row) => row.sink === sink && row.required && !values.has(row.variable)).map(
        (row) => row.variable,
      ),
    isMentioned: (sink) => SINK_SETTINGS_TABLE.some((row) => row.sink === sink && values.has(row.variable)),
    to: splitList(env[`${SINK_PREFIX}TO`] ?? null),
    secrets,
    warnings,
  }
}

function prefixOf(sink: string): string {
  return `${SINK_PREFIX}${sink.toUpperCase().replaceAll('-', '_')}_`
}

export function splitList(text: string | null): readonly string[] {
  return (text ?? '')
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')
}

function missingSetting(variable: string): never {
  throw new StallError('ERR_STALL_CONFIG_INVALID', `${variable} is not set`, {
    help: 'docs/sinks.md lists what each destination needs.',
  })
}

const MAX_SECRET_BYTES = 65_536

function secretOf(variable: string, env: Environment): string {
  const direct = (env[variable] ?? '').trim()
  if (direct !== '') return direct
  const file = (env[`${variable}_FILE`] ?? '').trim()
  if (file === '') return ''
  try {
    const text = readFileSync(file, 'utf8')
    if (text.length > MAX_SECRET_BYTES) throw new Error('it is longer than 64 KiB')
    return text.trim()
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new StallError('ERR_STALL_CONFIG_INVALID', `${variable}_FILE=${file} can't be read: ${why}`, {
      cause,
      help: 'It has to be a file with nothing but the secret in it.',
    })
  }
}

function parse(row: SinkSettingRow, text: string): Parsed<string | number | boolean> {
  switch (row.type) {
    case 'boolean':
      return parseBoolean(text)
    case 'count':
      return parseCount(text)
    case 'time':
      return parseTimeMs(text)
    case 'url':
      return parseUrl(text)
    case 'choice':
      return row.choices?.includes(text) ? { value: text } : { invalid: `is none of ${row.choices?.join(', ')}` }
    case 'text':
    case 'path':
    case 'secret':
    case 'list':
      return { value: text }
  }
}

function parseUrl(text: string): Parsed<string> {
  if (!URL.canParse(text)) return { invalid: 'is no URL' }
  if (new URL(text).password !== '')
    return { invalid: 'has a password in it, which belongs into a variable of its own' }
  return { value: text.replace(/\/+$/, '') }
}

/** In a warning: short, and without what stands before the host of a URL. */
function shown(text: string): string {
  return text.replace(/\/\/[^@\s]*@/, '//…@').slice(0, 80)
}

/** A slip of the pen would else be told by nobody. */
function unknownVariables(env: Environment): string[] {
  const known = new Set([`${SINK_PREFIX}TO`, ...SINK_SETTINGS_TABLE.flatMap((row) => variablesOf(row))])
  return Object.keys(env)
    .filter((name) => name.startsWith(SINK_PREFIX) && !known.has(name))
    .map((name) => `${name} is not a setting; ignoring it`)
}
