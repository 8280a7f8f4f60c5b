import { expect, test } from 'vitest'
import { createProgram } from '../../../src/cli/main.js'
import { usageErrorOf } from '../../../src/cli/usage-error.js'
import { CommanderError } from 'commander'

async function thrownBy(...args: readonly string[]): Promise<CommanderError> {
  const program = await createProgram(['node', 'conductor-diag', ...args])
  program.configureOutput({ writeOut: () => undefined, writeErr: () => undefined })
  for (const command of program.commands) command.configureOutput({ writeOut: () => undefined })
  const thrown: unknown = await program.parseAsync(['node', 'conductor-diag', ...args]).catch((error: unknown) => error)
  if (thrown instanceof CommanderError) return thrown
  throw new Error(`no usage error: ${String(thrown)}`)
}

test.each([
  [['dump', '--nonsense'], 'dump', "unknown option '--nonsense'", 'conductor-diag dump --help'],
  [['watch'], 'watch', "missing required argument 'pid'", 'conductor-diag watch --help'],
  [
    ['dump', 'abc'],
    'dump',
    "'abc' is not a valid pid. A pid is a number; conductor-diag ps lists them",
    'conductor-diag dump --help',
  ],
  [['dmp'], null, "unknown command 'dmp'", 'Did you mean dump? conductor-diag --help lists the commands'],
  [[], null, 'no command was given', 'conductor-diag --help lists the commands'],
])('%j becomes one sentence with its next step', async (args, command, message, help) => {
  expect(usageErrorOf(await thrownBy(...args), command)).toMatchObject({ code: 'ERR_STALL_USAGE', message, help })
})

test.each([['--help'], ['--version']])('%s is an answer and no error', async (option) => {
  expect(usageErrorOf(await thrownBy(option), null)).toBeNull()
})
