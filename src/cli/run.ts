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
  readonly text?: boolean
  readonly workers: number
  readonly onFailure?: boolean
  readonly onIncident?: string
  readonly outsideTimeout?: number
  readonly readyTimeout?: number
  readonly outliveParent?: boolean
}

/** What a timer can count (2^31 - 1 ms), less a little. */
const LONGEST_SECONDS = 2_000_000

export function register(program: Command): void {
  program
    .command('run')
    .description('start a worker with the agent in it, restart it when it ends, say why it ended')
    .addHelpText(
      'after',
      examples(
        'run -- node worker.js',
        'run --workers 4 --on-incident ./tell-us.sh -- node worker.js',
        'run --dir /var/lib/incidents --max-restarts 10 -- npm start',
      ),
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
    .option('--workers <n>', 'so many of them side by side', numberIn({ whole: true, from: 1, to: 1000 }), 1)
    .option('--on-failure', 'restart only after a failure: a worker that ends with 0 is done')
    .option('--on-incident <command>', 'a shell command for each incident, which gets it as JSON on stdin')
    .option(
      '--outside-timeout <seconds>',
      'how long a worker may be stopped, frozen or without its agent (default: the watchdog, its grace and 10 s; 0: for ever)',
      numberIn({ to: LONGEST_SECONDS }),
    )
    .option(
      '--ready-timeout <seconds>',
      'from the start to the first poll or listening port (default: as above, once an earlier start had one; 0: for ever)',
      numberIn({ to: LONGEST_SECONDS }),
    )
    .option('--outlive-parent', 'go on when the npx, npm or shell that started this is gone')
    .option('--json', 'events on stderr as JSON lines: the default where stderr is no terminal')
    .option('--text', 'events on stderr as lines for a person: the default on a terminal')
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
      json: flags.json === true ? true : flags.text === true ? false : null,
      workers: flags.workers,
      onIncident: flags.onIncident ?? null,
      outsideMs: flags.outsideTimeout === undefined ? null : flags.outsideTimeout * 1000,
      readyMs: flags.readyTimeout === undefined ? null : flags.readyTimeout * 1000,
      outliveParent: flags.outliveParent ?? false,
      restart: flags.restart && flags.onFailure === true ? 'on-failure' : flags.restart,
      maxRestarts: flags.maxRestarts ?? null,
      backOffMaxMs: flags.backoffMax * 1000,
      drainMs: flags.drain * 1000,
    },
    process.env,
  )
}
