/** The settings table as Markdown and as help text. */
import { SETTINGS_TABLE, type SettingType } from './settings-table.js'

const TYPE_NAMES: Readonly<Record<SettingType, string>> = {
  time: 'seconds',
  count: 'whole number',
  size: 'megabytes',
  boolean: 'boolean',
  level: 'level',
  path: 'path',
  text: 'text',
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

/** For `--help`: one setting a paragraph of two lines. */
export function settingsAsHelp(): string {
  const rows = SETTINGS_TABLE.map((row) => `  ${row.variable} (default: ${row.defaultText})\n      ${row.meaning}`)
  return ['Settings, from the environment:', ...rows].join('\n')
}
