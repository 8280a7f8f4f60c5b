/** What commander says of a wrong command line, in the one form of all errors: a code, a sentence, the next step. */
import type { CommanderError } from 'commander'
import { StallError } from '../model/stall-error.js'

/** Null for what is an answer and no error: `--help`, `--version`. */
export function usageErrorOf(thrown: CommanderError, commandName: string | null): StallError | null {
  if (thrown.exitCode === 0) return null
  const help =
    commandName === null ? 'conductor-diag --help lists the commands' : `conductor-diag ${commandName} --help`
  if (thrown.code === 'commander.help') return new StallError('ERR_STALL_USAGE', 'no command was given', { help })
  const [first = '', suggestion] = thrown.message.split('\n')
  const sentence = first
    .replace(/^error: /, '')
    .replace(/\.$/, '')
    .replace(/^command-argument value '(.*)' is invalid for argument '(.*?)'\./, "'$1' is not a valid $2.")
  const meant = /^\((Did you mean .*\?)\)$/.exec(suggestion ?? '')?.[1]
  return new StallError('ERR_STALL_USAGE', sentence, { help: meant === undefined ? help : `${meant} ${help}` })
}
