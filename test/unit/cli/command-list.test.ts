import { Command } from 'commander'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { addListed, asksForList, COMMAND_LIST, listCommands } from '../../../src/cli/command-list.js'
import { createProgram } from '../../../src/cli/main.js'

const folder = mkdtempSync(path.join(tmpdir(), 'command-list-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it('shows on the first page of help what the commands themselves would', async () => {
  const program = await createProgram()
  writeFileSync(path.join(folder, COMMAND_LIST), JSON.stringify(listCommands(program)))
  const listed = new Command(program.name()).description(program.description()).version('0')
  expect(addListed(listed, folder)).toBe(true)
  const commandsOf = (each: Command): string => each.helpInformation().split('Commands:')[1] ?? ''
  expect(commandsOf(listed)).toBe(commandsOf(program))
}, 120_000)

it('is not there before the build', () => {
  expect(addListed(new Command(), path.join(folder, 'nowhere'))).toBe(false)
})

it.each([
  [['--help'], true],
  [['-V'], true],
  [['help'], true],
  [[], false],
  [['help', 'dump'], false],
  [['dump', '--help'], false],
])('is asked for by %j: %s', (words, asked) => {
  expect(asksForList(['node', 'conductor-diag', ...words])).toBe(asked)
})
