/** The command line's frame: one file a command, usage errors as 64, every other error as one clear line with its next step. */
import { Command, CommanderError } from 'commander'
import { settingsAsHelp } from '../config/settings-doc.js'
import { printable, screenLines } from '../model/printable.js'
import { StallError, toStallError } from '../model/stall-error.js'
import { VERSION } from '../model/version.js'
import { terminalWidth } from '../report/wrap.js'
import { wrapLines } from '../report/wrap-lines.js'
import { addListed, asksForList } from './command-list.js'
import { EXIT, EXIT_CODES_HELP, exitCodeOf } from './exit-codes.js'
import { printNote, printOut } from './output.js'
import { usageErrorOf } from './usage-error.js'

interface CommandFile {
  readonly register: (program: Command) => void
}

/**
 * Each command's file exports `register(program)`; listed in the order of `--help`. Loaded only when it is asked for: a
 * dump should not wait for what the supervisor needs.
 */
const COMMANDS: Readonly<Record<string, () => Promise<CommandFile>>> = {
  dump: () => import('./dump.js'),
  record: () => import('./record.js'),
  top: () => import('./top.js'),
  doctor: () => import('./doctor.js'),
  ps: () => import('./ps.js'),
  watch: () => import('./watch.js'),
  run: () => import('./run.js'),
  ls: () => import('./ls.js'),
  show: () => import('./show.js'),
  verify: () => import('./verify.js'),
  report: () => import('./report.js'),
  export: () => import('./export.js'),
  diff: () => import('./diff.js'),
  open: () => import('./open.js'),
  pack: () => import('./pack.js'),
  attach: () => import('./attach.js'),
  ship: () => import('./ship.js'),
  prune: () => import('./prune.js'),
  completion: () => import('./completion.js'),
  complete: () => import('./complete.js'),
}

/** The one that is asked for, or all of them: for `--help`, for a word that is none, and without one. */
function wantedCommands(argv: readonly string[]): (() => Promise<CommandFile>)[] {
  const word = argv[2] ?? ''
  const named = Object.hasOwn(COMMANDS, word) ? COMMANDS[word] : undefined
  if (named === undefined) return Object.values(COMMANDS)
  // `complete -- show 01`: what is asked about is asked for too, and with half a word all of them.
  return word === 'complete' ? [...new Set([named, ...wantedCommands(argv.slice(2))])] : [named]
}

const FIRST_STEPS = `First steps:
  conductor-diag ps                       the Node processes that there are
  conductor-diag dump PID                 why one of them does not move
  conductor-diag run -- node worker.js    a worker that leaves its evidence, then starts anew
  conductor-diag show                     the newest incident
`
const SETTINGS_HELP = 'Settings, from the environment: conductor-diag help settings'

/** No command has this name: what the agent reads has a page of its own, or the list of commands scrolls away. */
function asksForSettings(argv: readonly string[]): boolean {
  return argv[2] === 'help' && argv[3] === 'settings' && argv.length === 4
}

function printSettings(): void {
  printOut(screenLines(wrapLines(settingsAsHelp().split('\n'), terminalWidth(process.stdout, process.env))))
}

/** With the command that `argv` names, or with all of them. */
export async function createProgram(argv: readonly string[] = []): Promise<Command> {
  const program = new Command('conductor-diag')
    .description(
      'Why does this Node.js process not move? Stacks, awaits, kernel state and a verdict, without preparing the process.',
    )
    .version(VERSION)
    .addHelpText('after', `\n${FIRST_STEPS}\n${EXIT_CODES_HELP}\n\n${SETTINGS_HELP}`)
    .exitOverride()
    // Errors are said once, by `main`, with their code and the next step.
    .configureOutput({ writeOut: printOut, writeErr: printNote, outputError: () => undefined })
    // So that everything after the command of `run` belongs to that command.
    .enablePositionalOptions()
  if (!asksForList(argv) || !addListed(program, __dirname)) {
    for (const load of wantedCommands(argv)) (await load()).register(program)
  }
  for (const command of program.commands) command.exitOverride()
  return program
}

export async function main(argv: readonly string[]): Promise<void> {
  try {
    if (asksForSettings(argv)) {
      printSettings()
      return
    }
    if (argv.length <= 2) {
      printNote(FIRST_STEPS)
      throw new StallError('ERR_STALL_USAGE', 'no command was given', {
        help: 'conductor-diag --help lists the commands',
      })
    }
    const program = await createProgram(argv)
    await program.parseAsync([...argv])
  } catch (thrown) {
    const word = argv[2] ?? ''
    const error =
      thrown instanceof CommanderError
        ? usageErrorOf(thrown, Object.hasOwn(COMMANDS, word) ? word : null)
        : toStallError(thrown)
    if (error === null) {
      process.exitCode = EXIT.ok
      return
    }
    const help = error.help ? `  ${printable(error.help)}\n` : ''
    printNote(`conductor-diag: ${printable(error.message)} (${error.code})\n${help}`)
    process.exitCode = exitCodeOf(error.code)
  }
}
