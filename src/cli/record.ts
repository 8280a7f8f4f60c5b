/** `conductor-diag record PID` and `record -- node app.js`: a sampling profile from outside. */
import { type Command, Option } from 'commander'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { sampleFromMemory } from '../capture/memory-sampler.js'
import { openTarget } from '../investigate/target-process.js'
import { formatDuration, plural } from '../model/amounts.js'
import { readWorkingFolder } from '../platform/procfs/process.js'
import { StallError } from '../model/stall-error.js'
import type { Target } from '../model/target.js'
import type { HotFunction } from '../profile/hottest.js'
import { EXIT } from './exit-codes.js'
import { noteJsonLine, printBytes, printJson, printLine } from './output.js'
import { examples } from './examples.js'
import { numberIn, pidIn } from './parse-options.js'
import { assertWritable, writeProfile } from './profile-file.js'
import { AWAITS_RATE, awaitsSummary, longestWaitLines, longestWaits, recordAwaits } from './record-awaits.js'
import { FORMATS, FORMATS_HELP, OPENED_BY } from './profile-formats.js'
import { progress, recordWith, type RecordingOptions } from './recording.js'
import { defaultName, ENDS } from './recording-formats.js'

/** As `-o`: the profile to stdout, the closing line to stderr. */
const STDOUT = '-'
interface RecordOptions extends RecordingOptions {
  readonly output?: string
  readonly json?: boolean
  readonly awaits?: boolean
}

export function register(program: Command): void {
  program
    .command('record')
    .description('a sampling profile of all JavaScript threads: by default from memory, with no pause')
    .addHelpText(
      'after',
      examples(
        'record 4711 -d 30',
        'record 4711 -f speedscope -o profile.html',
        'record 4711 -f firefox',
        'record -- node worker.js',
      ),
    )
    .argument('[pid]', 'the process')
    .argument('[command...]', 'after --: a program to start and record')
    .option('-d, --duration <seconds>', 'how long', numberIn({ above: 0, to: 3600 }), 10)
    .option('-r, --rate <hz>', 'samples a second', numberIn({ from: 1, to: 1000 }), 100)
    .addOption(
      new Option('--engine <name>', 'memory, or V8 itself by the inspector')
        .choices(['auto', 'memory', 'inspector'])
        .default('auto'),
    )
    .addOption(new Option('-f, --format <name>', FORMATS_HELP).choices(FORMATS).default('cpuprofile'))
    .option('-o, --output <file>', 'where to, - for stdout; by default a name of pid and time in this folder')
    .option('--awaits', 'where time goes across awaits instead: chains and what they wait for; speedscope or pprof')
    .option('--stop', 'stop the process for the moment of each sample: exact stacks, at a cost to its throughput')
    .option('--subprocesses', 'the Node processes that it starts too, a track each; all formats but cpuprofile')
    .option('--json', 'the closing line as JSON')
    .action(async (pid: string | undefined, command: string[], options: RecordOptions, own: Command) => {
      const isDefault = (name: string): boolean => own.getOptionValueSource(name) === 'default'
      process.exitCode = await record(pid, command, options.awaits === true ? forAwaits(options, isDefault) : options)
    })
}

/** Waits are looked at less often, and a page shows their chains. */
function forAwaits(options: RecordOptions, isDefault: (name: string) => boolean): RecordOptions {
  return {
    ...options,
    ...(isDefault('rate') ? { rate: AWAITS_RATE } : {}),
    ...(isDefault('format') ? { format: 'speedscope' as const } : {}),
  }
}

async function record(first: string | undefined, rest: readonly string[], options: RecordOptions): Promise<number> {
  if (first === undefined) {
    throw new StallError('ERR_STALL_USAGE', 'record what?', {
      help: 'conductor-diag record PID, or record -- node app.js',
    })
  }
  assertTogether(options)
  // A process that may not be looked at is said first; then, before anything is started: what was recorded would be lost.
  const target = /^\d+$/.test(first) ? openTarget(pidOf(first)).target : null
  if (options.output !== STDOUT) assertWritable(options.output)
  return target === null ? recordCommand(first, rest, options) : recordTarget(target, options)
}

function pidOf(text: string): number {
  const pid = pidIn(text)
  if (pid !== null) return pid
  throw new StallError('ERR_STALL_USAGE', `'${text}' is not a valid pid`, { help: 'conductor-diag ps lists them.' })
}

function assertTogether(options: RecordOptions): void {
  const wrong = options.awaits === true ? wrongWithAwaits(options) : wrongWithout(options)
  if (wrong === null) return
  throw new StallError('ERR_STALL_USAGE', wrong, {
    help: 'record PID --awaits -f speedscope (or pprof), record PID --subprocesses -f speedscope (or collapsed, pprof)',
  })
}

function wrongWithAwaits({ stop, subprocesses, format, engine }: RecordOptions): string | null {
  if (stop === true || subprocesses === true) return '--awaits goes with neither --stop nor --subprocesses'
  if (engine === 'inspector') return '--awaits needs the memory engine'
  return format === 'speedscope' || format === 'pprof' ? null : `${format} has no room for waiting time`
}

function wrongWithout({ stop, subprocesses, format, engine }: RecordOptions): string | null {
  if (engine === 'inspector' && (stop === true || subprocesses === true))
    return '--stop and --subprocesses need the memory engine'
  return subprocesses === true && format === 'cpuprofile' ? 'a cpuprofile has one thread of one process' : null
}

/** Starts a program, waits until Node runs in it, and records it; its output stays its own. */
async function recordCommand(file: string, args: readonly string[], options: RecordOptions): Promise<number> {
  // What it prints must not get into a profile on stdout.
  const child = spawn(file, args, { stdio: ['inherit', options.output === STDOUT ? 2 : 'inherit', 'inherit'] })
  const ended = new AbortController()
  child.once('exit', () => ended.abort())
  const failed = once(child, 'error').then(([cause]) => {
    ended.abort()
    throw new StallError('ERR_STALL_USAGE', `${file} could not be started`, {
      help: 'conductor-diag record PID, or record -- node app.js',
      cause,
    })
  })
  // Only of interest until it runs.
  failed.catch(() => undefined)
  const started = waitForNode(child.pid, ended.signal)
  const target = await Promise.race([started, failed])
  try {
    return await recordTarget(target, options, ended.signal)
  } finally {
    if (child.exitCode === null && child.pid !== undefined) child.kill('SIGTERM')
  }
}

const START_MS = 10_000

async function waitForNode(pid: number | undefined, ended: AbortSignal): Promise<Target> {
  const deadline = performance.now() + START_MS
  for (;;) {
    try {
      if (pid === undefined) throw new StallError('ERR_STALL_NO_SUCH_PROCESS', 'it has not started')
      const { target } = openTarget(pid)
      const { samples } = await sampleFromMemory(target, { durationMs: 1, rate: 1000 })
      if (samples.length > 0) return target
    } catch (thrown) {
      if (ended.aborted || performance.now() > deadline) throw thrown
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function recordTarget(target: Target, options: RecordOptions, ended?: AbortSignal): Promise<number> {
  const interrupted = new AbortController()
  const stop = (): void => interrupted.abort()
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  ended?.addEventListener('abort', stop, { once: true })
  try {
    if (options.awaits === true) return await recordAwaitsOf(target, options, interrupted.signal)
    const recorded = await recordWith(target, options, interrupted.signal)
    const file = written(target, options, recorded.content)
    const { samples, missed, engine, hottest, end, pausedMs, stoppedMs } = recorded
    const closing = { schema: 1, file, samples, missed, engine, hottest, end, pausedMs, stoppedMs }
    if (options.json) (file === STDOUT ? noteJsonLine : printJson)(closing)
    else {
      const lost =
        missed > 0 ? `, ${missed} of ${samples + missed} turns missed (the machine or the process was busy)` : ''
      const place = file === STDOUT ? 'stdout' : file
      for (const hot of hottest) printLine(hotLine(hot))
      if (isAllIdle(hottest))
        printLine(`         it waits; for what: conductor-diag dump ${target.pid}, or record ${target.pid} --awaits`)
      if (stoppedMs !== undefined) printLine(stoppedLine(target.pid, stoppedMs))
      if (end !== undefined) printLine(`${target.pid} ${ENDS[end]}; what was sampled until then is kept`)
      const paused = pausedMs === undefined ? '' : `, stopped for ${formatDuration(pausedMs)} in all`
      printLine(`${place}: ${plural(samples, 'sample')}${lost}${paused}, by ${engine}. ${OPENED_BY[options.format]}`)
    }
    if (recorded.samples > 0) return EXIT.ok
    printLine('conductor-diag: not one stack could be had')
    return EXIT.noEvidence
  } finally {
    process.removeListener('SIGINT', stop)
    process.removeListener('SIGTERM', stop)
  }
}

/** @returns the file's name, or `-` */
function written(target: Target, { output, format }: RecordOptions, content: string | Uint8Array): string {
  const name = defaultName(target.pid, format)
  if (output !== STDOUT) return writeProfile(output ?? name, content, name)
  printBytes(Buffer.from(content))
  return STDOUT
}

async function recordAwaitsOf(target: Target, options: RecordOptions, signal: AbortSignal): Promise<number> {
  const { rate, format } = options
  const durationMs = options.duration * 1000
  const onTurn = progress(target.pid, durationMs, 'turn')
  const cwd = readWorkingFolder(target.procRoot ?? `/proc/${target.pid}`)
  const recording = recordAwaits(target, { durationMs, rate, format, signal, onTurn })
  const { content, profile } = await recording.finally(onTurn.end)
  const file = written(target, options, content)
  const { turns, missed, scans, functions, end, stoppedMs } = profile
  const closing = { schema: 1, file, turns, missed, scans, functions, end, stoppedMs, waits: longestWaits(profile) }
  if (options.json) (file === STDOUT ? noteJsonLine : printJson)(closing)
  else {
    for (const line of longestWaitLines(profile, cwd)) printLine(line)
    if (stoppedMs !== undefined) printLine(stoppedLine(target.pid, stoppedMs))
    if (end !== undefined) printLine(`${target.pid} ${ENDS[end]}; what was seen until then is kept`)
    printLine(`${file === STDOUT ? 'stdout' : file}: ${awaitsSummary(profile)}. ${OPENED_BY[format]}`)
  }
  if (profile.stacks.length > 0) return EXIT.ok
  printLine('conductor-diag: nothing was seen to wait')
  return EXIT.noEvidence
}

function stoppedLine(pid: number, stoppedMs: number): string {
  return `${pid} stood still for ${formatDuration(stoppedMs)}: a signal or a debugger had stopped it (kill -CONT ${pid} continues it)`
}

function hotLine(hot: HotFunction): string {
  const share = `${(hot.share * 100).toFixed(hot.share < 0.1 ? 1 : 0)} %`
  return `${share.padStart(6)}  ${hot.function}${hot.file === null ? '' : ` (${shortPath(hot.file)})`}`
}

/** A profile has nothing to say of a process that computes nothing: the next step is another command. */
const ALL_IDLE = 0.95

function isAllIdle([first]: readonly HotFunction[]): boolean {
  return first?.function === '(idle)' && first.file === null && first.share >= ALL_IDLE
}

/** The end of a path tells enough in a line that names a function. */
function shortPath(file: string): string {
  return file.startsWith('/') ? path.join(path.basename(path.dirname(file)), path.basename(file)) : file
}
