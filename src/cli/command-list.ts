/**
 * The commands as the first page of help shows them, written at the build: whoever asks for that page waits for none of
 * the commands themselves.
 */
import type { Command } from 'commander'
import { readFileSync } from 'node:fs'
import path from 'node:path'

/** In the folder of the built command line. */
export const COMMAND_LIST = 'command-list.json'

export interface ListedCommand {
  readonly name: string
  /** `[pid] [command...]` */
  readonly args: string
  readonly hasOptions: boolean
  readonly description: string
}

/** Of a program with all of its commands. */
export function listCommands(program: Command): ListedCommand[] {
  const help = program.createHelp()
  return help.visibleCommands(program).flatMap((command) => {
    if (command.name() === 'help') return []
    const [name = '', ...words] = help.subcommandTerm(command).split(' ')
    const args = words.filter((word) => word !== '[options]').join(' ')
    return [{ name, args, hasOptions: command.options.length > 0, description: command.description() }]
  })
}

/** Gives a program the commands by name alone; false where they were not written, as before the build. */
export function addListed(program: Command, folder: string): boolean {
  let listed: readonly ListedCommand[]
  try {
    listed = JSON.parse(readFileSync(path.join(folder, COMMAND_LIST), 'utf8')) as readonly ListedCommand[]
  } catch {
    return false
  }
  for (const { name, args, hasOptions, description } of listed) {
    const command = program.command(`${name} ${args}`.trim()).description(description)
    // Which they are is said by the help of the command itself.
    if (hasOptions) command.option('--json')
  }
  return true
}

/** Whether nothing but the first page of help, or the version, is asked for. */
export function asksForList(argv: readonly string[]): boolean {
  const [, , ...words] = argv
  return words.length === 1 && ['-h', '--help', '-V', '--version', 'help'].includes(words[0] ?? '')
}
