/**
 * Every command that README and docs show, in a block or in a sentence, goes through the parser of the command itself; the
 * rest of what one can copy from there parses too.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { Script } from 'node:vm'
import type { Command } from 'commander'
import { beforeAll, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { createProgram } from '../../../src/cli/main.js'
import { SETTINGS_TABLE } from '../../../src/config/settings-table.js'
import { SINK_SETTINGS_TABLE } from '../../../src/config/sink-settings-table.js'

const ROOT = path.resolve(__dirname, '../../..')
const PAGES = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', ...listed('docs')]
const SCRIPTS = (JSON.parse(read('package.json')) as { scripts: Record<string, string> }).scripts

function listed(folder: string): string[] {
  const names = readdirSync(path.join(ROOT, folder), { recursive: true }).map(String)
  return names.filter((name) => name.endsWith('.md')).map((name) => `${folder}/${name}`)
}

function read(file: string): string {
  return readFileSync(path.join(ROOT, file), 'utf8')
}

interface Block {
  readonly language: string
  readonly text: string
}

function blocksOf(page: string): Block[] {
  return [...read(page).matchAll(/^ *```(\w*)\n([^]*?)^ *```$/gm)].map(([, language = '', text = '']) => ({
    language,
    text,
  }))
}

/** What is in backticks outside of blocks, also over the end of a line. */
function spansOf(page: string): string[] {
  const prose = read(page).replaceAll(/^ *```\w*\n[^]*?^ *```$/gm, '')
  return [...prose.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text.replaceAll(/\s+/g, ' '))
}

/** Command lines of the shell: one an entry, without comments, continued lines joined. */
function linesOf({ language, text }: Block): string[] {
  if (!['sh', 'console', 'bash'].includes(language)) return []
  const lines = text.replaceAll(/\\\n\s*/g, ' ').split('\n')
  const typed = language === 'console' ? lines.filter((line) => line.startsWith('$ ')) : lines
  return typed.map((line) => line.replace(/(?:^|\s)#.*$/, '').trim()).filter((line) => line !== '')
}

let program: Command

beforeAll(async () => {
  program = await createProgram()
}, 120_000)

/** The words after `conductor-diag`, up to what the shell takes. Null where a line has none. */
function wordsOf(line: string): string[] | null {
  const [, rest] = /(?:^|[\s(])conductor-diag(?: +(.*))?$/.exec(line.split(/ (?:\||&&|>|;) ?|\)/)[0] ?? '') ?? []
  return rest === undefined ? null : rest.split(/ +/).filter((word) => word !== '' && word !== '...')
}

/** What the command has against these words; null when it would take them. */
function faultOf(words: readonly string[]): string | null {
  const [name = '', ...args] = words
  // As a placeholder, or an option of the program's own.
  if (name === 'COMMAND' || name === '--help' || name === '--version') return null
  const command = program.commands.find((each) => each.name() === name || each.aliases().includes(name))
  if (command === undefined) return `no command ${name}`
  const own = args.includes('--') ? args.slice(0, args.indexOf('--')) : args
  command.exitOverride().configureOutput({ writeErr: () => undefined })
  try {
    const { operands, unknown } = command.parseOptions(own.map((word) => PLACEHOLDERS[word] ?? word))
    if (unknown.length > 0 && unknown[0] !== '--help') return `no option ${unknown.join(' ')}`
    const takes = command.registeredArguments
    return takes.some(({ variadic }) => variadic) || operands.length <= takes.length
      ? null
      : `${operands.length} arguments, it takes ${takes.length}`
  } catch (error) {
    // As the name of the option: `attach --to`.
    return /argument missing/.test((error as Error).message) && own.length === 1 ? null : (error as Error).message
  }
}

/** What stands for a value, with one that is taken. */
const PLACEHOLDERS: Readonly<Record<string, string>> = { N: '1', FORMAT: 'pprof' }

function faultsOf(lines: readonly string[]): string[] {
  return lines.flatMap((line) => {
    const words = wordsOf(line)
    const fault = words === null ? null : faultOf(words)
    return fault === null ? [] : [`${line}: ${fault}`]
  })
}

test('a command, an option or an argument that there is not is found', () => {
  const wrong = [
    'conductor-diag dmup 1',
    'npx conductor-diag dump 1 --stak',
    'conductor-diag top 1 -n x',
    'conductor-diag show a b',
  ]
  expect(faultsOf(wrong)).toHaveLength(wrong.length)
  expect(
    faultsOf(['A=1 npx -p x conductor-diag run --workers 2 -- node --strange', '$ conductor-diag dump 1 -v | less']),
  ).toEqual([])
})

test.each(PAGES)('the commands of %s are taken as they stand', (page) => {
  const shown = blocksOf(page).flatMap(linesOf)
  expect(faultsOf([...shown, ...spansOf(page)])).toEqual([])
})

test.each(PAGES)('the npm scripts and files that commands of %s name are there', (page) => {
  const lines = [...blocksOf(page).flatMap(linesOf), ...spansOf(page)]
  const scripts = lines.flatMap((line) => [...line.matchAll(/\bnpm run ([\w:-]+)/g)].map(([, name = '']) => name))
  expect(scripts.filter((name) => SCRIPTS[name] === undefined)).toEqual([])
  const files = lines.flatMap((line) => /^node ((?:test|tools|bench|bin)\/\S+)/.exec(line)?.[1] ?? [])
  expect(files.filter((file) => !existsSync(path.join(ROOT, file)))).toEqual([])
})

/** Those that the agent or `run` sets itself, for what it starts. */
const GIVEN = ['RUN', 'WORKER', 'INCIDENT', 'BUNDLE', 'VERDICT', 'CONFIG'].map((name) => `CONDUCTOR_STALL_${name}`)
const KNOWN = new Set([...SETTINGS_TABLE, ...SINK_SETTINGS_TABLE].map(({ variable }) => variable).concat(GIVEN))

test.each(PAGES)('the settings that %s names are settings', (page) => {
  const named = read(page).match(/\bCONDUCTOR_STALL_[A-Z0-9_]+\b(?![*_])/g) ?? []
  expect([...new Set(named)].filter((name) => !KNOWN.has(name))).toEqual([])
})

test.each(PAGES)('what one can copy from %s parses', (page) => {
  for (const { language, text } of blocksOf(page)) {
    if (language === 'json') expect(() => JSON.parse(text) as unknown, text).not.toThrow()
    if (language === 'yaml') {
      for (const document of parseAllDocuments(text))
        expect('errors' in document ? document.errors : [], text).toEqual([])
    }
    if (language === 'js' && !/^(?:import|export) /m.test(text)) {
      expect(() => new Script(`(async () => {${text}\n})`), text).not.toThrow()
    }
  }
})
