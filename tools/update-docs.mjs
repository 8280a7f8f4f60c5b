// Writes what the documentation takes from the code: the table of settings, between its two marks.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const { settingsAsMarkdown, SETTINGS_SECTION } = createRequire(import.meta.url)('../dist/config/settings-doc.js')

for (const file of ['docs/configuration.md', 'README.md']) {
  const target = new URL(`../${file}`, import.meta.url)
  if (!existsSync(target)) continue
  const text = readFileSync(target, 'utf8')
  const updated = text.replace(SETTINGS_SECTION, (_all, head, tail) => `${head}\n${settingsAsMarkdown()}\n${tail}`)
  if (updated !== text) writeFileSync(target, updated)
}
