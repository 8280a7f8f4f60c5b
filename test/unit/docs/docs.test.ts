/** The documentation says what the code does. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { roomsAsMarkdown } from '../../../tools/house.mjs'
import { exitCodeOf } from '../../../src/cli/exit-codes.js'
import { createProgram } from '../../../src/cli/main.js'
import {
  settingsAsHelp,
  settingsAsMarkdown,
  SETTINGS_SECTION,
  settingsSchema,
  sinkSection,
  sinkSettingsAsMarkdown,
} from '../../../src/config/settings-doc.js'
import { SINK_SETTINGS_TABLE } from '../../../src/config/sink-settings-table.js'
import { SINKS } from '../../../src/sinks/registry/registry.js'
import { SETTINGS_TABLE } from '../../../src/config/settings-table.js'
import type { StallErrorCode } from '../../../src/model/stall-error.js'
import { VERSION } from '../../../src/model/version.js'

const ROOT = path.resolve(__dirname, '../../..')

function read(file: string): string {
  return readFileSync(path.join(ROOT, file), 'utf8')
}

/** From the source text: a type has no values at run time. */
const CODES = [...read('src/model/stall-error.ts').matchAll(/\| '(ERR_STALL_[A-Z0-9_]+)'/g)].map(
  (match) => match[1] as StallErrorCode,
)

test('docs/errors.md lists every code once, with the exit code that it gives, and no other', () => {
  const listed = [...read('docs/errors.md').matchAll(/^### `(ERR_STALL_[A-Z0-9_]+)` \((\d+)\)$/gm)]
  expect(CODES.length).toBeGreaterThan(25)
  expect(listed.map((match) => String(match[1])).sort()).toEqual([...CODES].sort())
  for (const [, code, exit] of listed) expect(`${code} ${exit}`).toBe(`${code} ${exitCodeOf(code as StallErrorCode)}`)
})

test('docs/errors.md says for every code what to do', () => {
  const sections = read('docs/errors.md')
    .split(/^#{2,3} /m)
    .filter((section) => section.startsWith('`ERR_STALL'))
  expect(sections.filter((section) => !/^Do: \S/m.test(section))).toEqual([])
})

test.each(['docs/configuration.md', 'README.md'].filter((file) => existsSync(path.join(ROOT, file))))(
  '%s has the settings that the code has (npm run docs writes them)',
  (file) => {
    const section = SETTINGS_SECTION.exec(read(file))?.[0]
    // The README may leave the table to configuration.md.
    if (file === 'README.md' && section === undefined) return
    expect(section).toContain(settingsAsMarkdown())
  },
)

test.each([null, ...Object.keys(SINKS)])('docs/sinks.md has the settings of %s (npm run docs writes them)', (sink) => {
  expect(sinkSection(sink ?? 'general').exec(read('docs/sinks.md'))?.[0]).toContain(sinkSettingsAsMarkdown(sink))
})

test('the JSON Schema of the settings file has every setting, and no place for a secret', () => {
  expect(JSON.parse(read('docs/conductor-stall.schema.json'))).toEqual(settingsSchema())
  const text = read('docs/conductor-stall.schema.json')
  for (const { meaning } of SINK_SETTINGS_TABLE) expect(text).toContain(JSON.stringify(meaning).slice(1, -1))
  expect(text).not.toMatch(/"(?:password|token|secret|secret_access_key|sas|dsn|routing_key)":/)
})

test('the help text and the table have every setting', () => {
  for (const row of SETTINGS_TABLE) {
    expect(settingsAsHelp()).toContain(row.variable)
    expect(settingsAsMarkdown()).toContain(`\`${row.variable}\``)
    expect(row.meaning).not.toContain('|')
  }
})

test('CHANGELOG.md begins with the version of the package', () => {
  expect(/^## (\S+)$/m.exec(read('CHANGELOG.md'))?.[1]).toBe(VERSION)
})

test('every command has a description and --json, or passes its data on', async () => {
  const { commands } = await createProgram()
  expect(commands.filter((command) => command.description() === '').map((command) => command.name())).toEqual([])
  const withoutJson = commands.filter((command) => !command.options.some((option) => option.long === '--json'))
  // run hands the worker's own output on, completion prints a script for a shell, open shows a page.
  expect(
    withoutJson
      .map((command) => command.name())
      .filter((name) => !['run', 'completion', 'complete', 'open'].includes(name)),
  ).toEqual([])
}, 120_000)

test('every command shows in its help what one types, and those are its own options', async () => {
  const program = await createProgram()
  for (const command of program.commands) {
    let help = ''
    command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp()
    const typed = help.split('\n').filter((line) => line.startsWith('  conductor-diag '))
    expect(typed, command.name()).not.toEqual([])
    for (const line of typed) {
      expect(line).toMatch(new RegExp(`^ {2}conductor-diag ${command.name()}\\b`))
      const own = line.split(' -- ')[0] ?? ''
      for (const [flag] of own.matchAll(/(?<= )--?[a-z][a-z-]*/g)) {
        expect(
          command.options.some((option) => option.long === flag || option.short === flag),
          line,
        ).toBe(true)
      }
    }
  }
})

/** `docs/*.md` as npm reads it: one folder deep. */
function matchesGlob(pattern: string, file: string): boolean {
  const [folder, ending] = pattern.split('/*')
  return ending !== undefined && path.dirname(file) === folder && file.endsWith(ending)
}

const PAGES = [
  'README.md',
  'CHANGELOG.md',
  ...readdirSync(path.join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]

test('docs/internals/architecture.md has the rooms of the table (npm run docs writes them)', () => {
  expect(read('docs/internals/architecture.md')).toContain(roomsAsMarkdown())
})

const INTERNALS = readdirSync(path.join(ROOT, 'docs/internals'))
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/internals/${name}`)

test.each(INTERNALS)('every file of the source that %s names is there', (page) => {
  const named = read(page).match(/(?<![\w/])src\/[\w./-]*\w\/?/g) ?? []
  expect(named.filter((file) => !existsSync(path.join(ROOT, file)))).toEqual([])
})

test.each(PAGES)('every link of %s leads to a file that the package has', (page) => {
  const { files } = JSON.parse(read('package.json')) as { files: string[] }
  const links = [...read(page).matchAll(/\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)/g)].map((match) => match[1] ?? '')
  for (const link of links) {
    const target = path.join(path.dirname(page), link)
    expect(existsSync(path.join(ROOT, target)), link).toBe(true)
    const packed =
      /^(?:README|LICENSE|CHANGELOG)/.test(target) ||
      // The README is read in the repository too, and may lead to what only that has.
      (['README.md', 'CHANGELOG.md', 'docs/README.md'].includes(page) && target.startsWith('docs/internals/')) ||
      files.some((each) => target === each || target.startsWith(`${each}/`) || matchesGlob(each, target))
    expect(packed, `${link} is not packed`).toBe(true)
  }
})

test.each(PAGES)('every command line of %s is one that there is, with options that it has', async (page) => {
  const { commands } = await createProgram()
  const known = new Map(commands.map((command) => [command.name(), command]))
  const wrong: string[] = []
  for (const [, name = '', rest = ''] of read(page).matchAll(/conductor-diag ([a-z]+)((?: +[^`\n|;,)]*)?)/g)) {
    const command = known.get(name)
    // Prose: "conductor-diag's", "conductor-diag and".
    if (command === undefined) continue
    for (const [flag] of (rest.split(' -- ')[0] ?? '').matchAll(/(?<= )--[a-z][a-z-]*/g)) {
      if (!command.options.some((option) => option.long === flag)) wrong.push(`${name} ${flag}`)
    }
  }
  expect(wrong).toEqual([])
})
