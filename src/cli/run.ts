/** `conductor-diag run -- node worker.js`: the supervisor. */
import type { Command } from 'commander'
import { StallError } from '../model/stall-error.js'
import { runSupervised } from '../supervise/run.js'
import { examples } from './examples.js'
import { numberIn } from './parse-options.js'

interface RunFlags {
  readonly restart: boolean
  readonly maxRestarts?: number
  readonly backoffMax: number
  readonly drain: number
  readonly dir?: string
  readonly json?: boolean
}

/** What a timer can count (2^31 - 1 ms), less a little. */
const LONGEST_SECONDS = 2_000_000

export function register(program: Command): void {
  program
    .command('run')
    .description('start a worker with the agent in it, restart it when it ends, say why it ended')
    .addHelpText(
      'after',
      examples('run -- node worker.js', 'run --dir /var/lib/incidents --max-restarts 10 -- npm start'),
    )
    .usage('[options] -- command [arguments...]')
    .argument('[command...]', 'the worker, as you would type it: node worker.js, npm start, tsx worker.ts')
    .option('--no-restart', 'once only; ends with the exit code of the worker')
    .option(
      '--max-restarts <n>',
      'give up after so many restarts without a good run (60 s) between',
      numberIn({ whole: true }),
    )
    .option('--backoff-max <seconds>', 'longest wait before a restart', numberIn({ to: LONGEST_SECONDS }), 60)
    .option('--drain <seconds>', 'from SIGTERM to SIGKILL when asked to end', numberIn({ to: LONGEST_SECONDS }), 25)
    .option('--dir <dir>', 'where bundles go, for the worker too (CONDUCTOR_STALL_DIR)')
    .option('--json', 'events on stderr as JSON lines')
    .passThroughOptions()
    .action(async (command: string[], flags: RunFlags) => {
      process.exitCode = await run(command, flags)
    })
}

async function run(command: readonly string[], flags: RunFlags): Promise<number> {
  const [file, ...args] = command
  if (file === undefined) {
    throw new StallError('ERR_STALL_USAGE', 'no command was given', {
      help: 'conductor-diag run -- node worker.js',
    })
  }
  return await runSupervised(
    {
      command: [file, ...args],
      dir: flags.dir ?? null,
      json: flags.json ?? false,
      restart: flags.restart,
      maxRestarts: flags.maxRestarts ?? null,
      backOffMaxMs: flags.backoffMax * 1000,
      drainMs: flags.drain * 1000,
    },
    process.env,
  )
}
