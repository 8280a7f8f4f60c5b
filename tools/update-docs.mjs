// Writes what the documentation takes from the code: the table of settings and the table of rooms, between their marks.
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { roomsAsMarkdown } from './house.mjs'

const { settingsAsMarkdown, SETTINGS_SECTION } = createRequire(import.meta.url)('../dist/config/settings-doc.js')
const ROOMS_SECTION = /(<!-- rooms:[^>]*-->)[^]*?(<!-- \/rooms -->)/

function rewrite(file, section, content) {
  const target = new URL(`../${file}`, import.meta.url)
  const text = readFileSync(target, 'utf8')
  const updated = text.replace(section, (_all, head, tail) => `${head}\n${content}\n${tail}`)
  if (updated !== text) writeFileSync(target, updated)
}

rewrite('docs/configuration.md', SETTINGS_SECTION, settingsAsMarkdown())
rewrite('docs/internals/architecture.md', ROOMS_SECTION, roomsAsMarkdown())
