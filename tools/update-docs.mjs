// Writes what the documentation takes from the code: the tables of settings and of rooms, between their marks, and the
// JSON Schema of the settings file.
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { roomsAsMarkdown } from './house.mjs'

const require = createRequire(import.meta.url)
const {
  settingsAsMarkdown,
  settingsSchema,
  sinkSection,
  sinkSettingsAsMarkdown,
  SETTINGS_SECTION,
} = require('../build/config/settings-doc.js')
const { SINK_SETTINGS_TABLE } = require('../build/config/sink-settings-table.js')
const ROOMS_SECTION = /(<!-- rooms:[^>]*-->)[^]*?(<!-- \/rooms -->)/

function rewrite(file, section, content) {
  const target = new URL(`../${file}`, import.meta.url)
  const text = readFileSync(target, 'utf8')
  const updated = text.replace(section, (_all, head, tail) => `${head}\n${content}\n${tail}`)
  if (updated !== text) writeFileSync(target, updated)
}

rewrite('docs/configuration.md', SETTINGS_SECTION, settingsAsMarkdown())
for (const sink of new Set(SINK_SETTINGS_TABLE.map((row) => row.sink))) {
  rewrite('docs/sinks.md', sinkSection(sink ?? 'general'), sinkSettingsAsMarkdown(sink))
}
writeFileSync(
  new URL('../docs/conductor-stall.schema.json', import.meta.url),
  `${JSON.stringify(settingsSchema(), null, 2)}\n`,
)
rewrite('docs/internals/architecture.md', ROOMS_SECTION, roomsAsMarkdown())
