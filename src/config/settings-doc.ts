/** The settings tables as Markdown, as help text, and as a JSON Schema for the settings file. */
import { fileKeyOf, SETTINGS_TABLE, type SettingType } from './settings-table.js'
import { SINK_SETTINGS_TABLE, type SinkSettingRow, type SinkSettingType } from './sink-settings-table.js'

const TYPE_NAMES: Readonly<Record<SettingType, string>> = {
  time: 'seconds',
  count: 'whole number',
  size: 'megabytes',
  boolean: 'boolean',
  level: 'level',
  format: 'json or text',
  path: 'path',
  text: 'text',
  secret: 'secret',
}

/** The section of a Markdown file that `npm run docs` writes: opening mark, content, closing mark. */
export const SETTINGS_SECTION = /(<!-- settings:[^>]*-->)[^]*?(<!-- \/settings -->)/

/** For the README and docs/configuration.md, where a test holds it against the table. */
export function settingsAsMarkdown(): string {
  const rows = SETTINGS_TABLE.map(
    (row) => `| \`${row.variable}\` | ${TYPE_NAMES[row.type]} | ${row.defaultText} | ${row.meaning} |`,
  )
  return ['| variable | type | default | meaning |', '|---|---|---|---|', ...rows].join('\n')
}

/** For `help settings`: one setting a paragraph of two lines. */
export function settingsAsHelp(): string {
  const rows = SETTINGS_TABLE.map((row) => `  ${row.variable} (default: ${row.defaultText})\n      ${row.meaning}`)
  return ['Settings, from the environment:', ...rows].join('\n')
}

const SINK_TYPE_NAMES: Readonly<Record<SinkSettingType, string>> = {
  text: 'text',
  url: 'URL',
  path: 'path',
  secret: 'secret',
  boolean: 'boolean',
  time: 'seconds',
  count: 'whole number',
  list: 'list',
  choice: 'choice',
}

/** The sections of docs/sinks.md that `npm run docs` writes, by destination; `general` for delivery as a whole. */
export function sinkSection(sink: string): RegExp {
  return new RegExp(`(<!-- sink-settings ${sink}:[^>]*-->)[^]*?(<!-- /sink-settings -->)`)
}

export function sinkSettingsAsMarkdown(sink: string | null): string {
  const rows = SINK_SETTINGS_TABLE.filter((row) => row.sink === sink).map(
    (row) =>
      `| \`${row.variable}\` | ${row.choices?.join(' or ') ?? SINK_TYPE_NAMES[row.type]} | ${row.required ? '(needed)' : row.defaultText} | ${row.meaning} |`,
  )
  return ['| variable | type | default | meaning |', '|---|---|---|---|', ...rows].join('\n')
}

type Schema = Readonly<Record<string, unknown>>

/** JSON Schema (2020-12) of `conductor-stall.yaml`, for editors. Secrets have no place in it, only the files they are in. */
export function settingsSchema(): Schema {
  const own = SETTINGS_TABLE.filter((row) => row.key !== 'sinkTo' && row.type !== 'secret').map(
    (row) => [fileKeyOf(row.variable), { ...typeSchema(row.type), description: row.meaning }] as const,
  )
  const sinks = new Set(SINK_SETTINGS_TABLE.flatMap(({ sink }) => sink ?? []))
  const to: Schema = { ...typeSchema('list'), description: 'Where every incident goes by itself.' }
  const sink: Schema = object({
    to,
    ...Object.fromEntries(SINK_SETTINGS_TABLE.filter((row) => row.sink === null).map((row) => entryOf(row))),
    ...Object.fromEntries(
      [...sinks].map((name) => [
        name,
        object(Object.fromEntries(SINK_SETTINGS_TABLE.filter((row) => row.sink === name).map((row) => entryOf(row)))),
      ]),
    ),
  })
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'conductor-stall.yaml',
    ...object({ ...Object.fromEntries(own), sink }),
  }
}

function object(properties: Schema): Schema {
  return { type: 'object', additionalProperties: false, properties }
}

function entryOf(row: SinkSettingRow): readonly [string, Schema] {
  const prefix = row.sink === null ? '' : `${row.sink.replaceAll('-', '_')}_`
  const name = fileKeyOf(row.variable).slice(`sink_${prefix}`.length)
  if (row.type === 'secret') {
    return [`${name}_file`, { type: 'string', description: `File that holds it: ${row.meaning}` }]
  }
  const choices = row.choices === undefined ? {} : { enum: row.choices }
  return [name, { ...typeSchema(row.type), ...choices, description: row.meaning }]
}

function typeSchema(type: SettingType | SinkSettingType): Schema {
  switch (type) {
    case 'time':
    case 'size':
      return { type: 'number' }
    case 'count':
      return { type: 'integer', minimum: 0 }
    case 'boolean':
      return { type: 'boolean' }
    case 'level':
      return { enum: ['debug', 'info', 'warn', 'error', 'silent'] }
    case 'list':
      return { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] }
    case 'url':
      return { type: 'string', format: 'uri' }
    default:
      return { type: 'string' }
  }
}
