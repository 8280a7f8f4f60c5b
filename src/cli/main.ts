/** The command line's frame: one file a command, usage errors as 64, every other error as one clear line with its next step. */
import { Command, CommanderError } from 'commander'
import { writeSync } from 'node:fs'
import { settingsAsHelp } from '../config/settings-doc.js'
import { toStallError } from '../model/stall-error.js'
import { VERSION } from '../model/version.js'
import { register as doctor } from './doctor.js'
import { register as dump } from './dump.js'
import { EXIT, exitCodeOf } from './exit-codes.js'
import { register as ls } from './ls.js'
import { register as prune } from './prune.js'
import { register as record } from './record.js'
import { register as ps } from './ps.js'
import { register as run } from './run.js'
import { register as show } from './show.js'
import { register as verify } from './verify.js'
import { register as watch } from './watch.js'

/** Each command exports `register(program)`. Listed in the order of `--help`. */
const COMMANDS: readonly ((program: Command) => void)[] = [
  dump,
  record,
  doctor,
  ps,
  watch,
  run,
  ls,
  show,
  verify,
  prune,
]

export function createProgram(): Command {
  const program = new Command('conductor-diag')
    .description(
      'Why does this Node.js process not move? Stacks, awaits, kernel state and a verdict, without preparing the process.',
    )
    .version(VERSION)
    .addHelpText('after', `\n${settingsAsHelp()}`)
    .showHelpAfterError('(conductor-diag --help lists the commands)')
    .exitOverride()
    // So that everything after the command of `run` belongs to that command.
    .enablePositionalOptions()
  for (const register of COMMANDS) register(program)
  for (const command of program.commands) command.exitOverride()
  return program
}

export async function main(argv: readonly string[]): Promise<void> {
  try {
    await createProgram().parseAsync([...argv])
  } catch (thrown) {
    if (thrown instanceof CommanderError) {
      // Help and version are answers, not errors.
      process.exitCode = thrown.exitCode === 0 ? EXIT.ok : EXIT.usage
      return
    }
    const error = toStallError(thrown)
    writeSync(2, `conductor-diag: ${error.message} (${error.code})\n${error.help ? `  ${error.help}\n` : ''}`)
    process.exitCode = exitCodeOf(error.code)
  }
}
