/**
 * The settings file named by `CONDUCTOR_STALL_CONFIG`, for the command line. A file of its
 * own so that none of the agent's threads ever loads `yaml`. Keys are variables (`CONDUCTOR_STALL_WARN_SECONDS`) or
 * their short form (`warn_seconds`); nested mappings join with an underscore.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { StallError } from '../model/stall-error.js'
import type { Environment, SettingsResult } from './settings.js'
import { readSettings } from './settings.js'
import { CONFIG_FILE_VARIABLE, fileKeyOf, SETTINGS_TABLE } from './settings-table.js'
import { SINK_SETTINGS_TABLE, variablesOf } from './sink-settings-table.js'

const HELP = `Correct the file, or unset ${CONFIG_FILE_VARIABLE}. docs/configuration.md lists the keys.`

function flatten(value: unknown, path: readonly string[], into: Map<string, string>): void {
  if (value === null || value === undefined) return
  if (Array.isArray(value)) {
    into.set(path.join('_'), value.map(String).join(','))
    return
  }
  if (typeof value === 'object') {
    for (const [key, inner] of Object.entries(value)) flatten(inner, [...path, key], into)
    return
  }
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    into.set(path.join('_'), String(value))
  }
}

/**
 * The variables that the text of a settings file sets, and one warning for each key that means nothing.
 * Throws ERR_STALL_CONFIG_INVALID when the text is no YAML mapping, naming line and column.
 */
export function parseSettingsFile(text: string, file: string): { env: Record<string, string>; warnings: string[] } {
  // 60 files, for the few who have such a file.
  const { parseDocument } = createRequire(__filename)('yaml') as typeof import('yaml')
  const document = parseDocument(text)
  const fault = document.errors[0]
  if (fault)
    throw new StallError('ERR_STALL_CONFIG_INVALID', `${file}: ${fault.message.split(':\n')[0]?.trim() ?? ''}`, {
      help: HELP,
    })
  const root = valueOf(document, file)
  if (root === null || root === undefined) return { env: {}, warnings: [] }
  if (typeof root !== 'object' || Array.isArray(root)) {
    throw new StallError('ERR_STALL_CONFIG_INVALID', `${file} is not a mapping of settings`, { help: HELP })
  }
  const rows = [...SETTINGS_TABLE, ...SINK_SETTINGS_TABLE]
  const known = new Map(rows.flatMap((row) => variablesOf(row)).flatMap((v) => [v, fileKeyOf(v)].map((k) => [k, v])))
  const flat = new Map<string, string>()
  flatten(root, [], flat)
  const env: Record<string, string> = {}
  const warnings: string[] = []
  for (const [key, value] of flat) {
    const variable = known.get(key) ?? known.get(key.replaceAll('-', '_'))
    if (variable !== undefined && isSecret(variable)) throw secretInFile(key, file)
    if (variable === undefined) warnings.push(`${file}: ${key} is not a setting; ignoring it`)
    else env[variable] = value
  }
  return { env, warnings }
}

/** Throws ERR_STALL_CONFIG_INVALID for an alias without an anchor, and for aliases of aliases that would fill the memory. */
function valueOf(document: { toJS(options: { maxAliasCount: number }): unknown }, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new StallError('ERR_STALL_CONFIG_INVALID', `${file}: ${why.slice(0, 200)}`, { help: HELP, cause })
  }
}

function isSecret(variable: string): boolean {
  return [...SETTINGS_TABLE, ...SINK_SETTINGS_TABLE].some((row) => row.type === 'secret' && row.variable === variable)
}

/** Such files end in repositories and images. */
function secretInFile(key: string, file: string): StallError {
  return new StallError('ERR_STALL_CONFIG_INVALID', `${file}: ${key} is a secret, which does not belong here`, {
    help: `Set it in the environment, or name a file that holds it: ${key}_file.`,
  })
}

/** Settings from the file that the environment names, if any, with the environment's own winning over it. */
export function readSettingsWithFile(env: Environment): SettingsResult & { readonly env: Environment } {
  const file = env[CONFIG_FILE_VARIABLE]
  if (file === undefined || file.trim() === '') return { ...readSettings(env), env }
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new StallError('ERR_STALL_CONFIG_INVALID', `${CONFIG_FILE_VARIABLE}=${file} can't be read`, {
      cause,
      help: HELP,
    })
  }
  const fromFile = parseSettingsFile(text, file)
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value.trim() !== ''))
  const merged = { ...fromFile.env, ...set }
  const result = readSettings(merged)
  return { settings: result.settings, warnings: [...fromFile.warnings, ...result.warnings], env: merged }
}
