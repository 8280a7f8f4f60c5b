/** `conductor-diag run -- node worker.js`: the supervisor. */
import { type Command, InvalidArgumentError } from 'commander'
import { StallError } from '../model/stall-error.js'
import { runSupervised } from '../supervise/run.js'
import { examples } from './examples.js'

interface RunFlags {
  readonly restart: boolean
  readonly maxRestarts?: number
  readonly backoffMax: number
  readonly drain: number
  readonly dir?: string
  readonly json?: boolean
}

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
    .option('--max-restarts <n>', 'give up after so many restarts without a good run (60 s) between', parseCount)
    .option('--backoff-max <seconds>', 'longest wait before a restart', parseSeconds, 60)
    .option('--drain <seconds>', 'from SIGTERM to SIGKILL when asked to end', parseSeconds, 25)
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

function parseCount(text: string): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 0) throw new InvalidArgumentError('not a whole number from 0 on')
  return count
}

function parseSeconds(text: string): number {
  const seconds = Number(text)
  // The upper bound is what a timer can count.
  if (!Number.isFinite(seconds) || seconds < 0 || seconds > 2_000_000)
    throw new InvalidArgumentError('not a time in seconds')
  return seconds
}
