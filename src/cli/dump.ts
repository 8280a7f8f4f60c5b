/** `conductor-diag dump PID`: why does this process not move? */
import { type Command, Option } from 'commander'
import { overviewOf } from '../diagnose/overview.js'
import { type DumpListener, dumpProcess, type DumpRequest } from '../investigate/dump-process.js'
import { listNodeProcesses } from '../investigate/list-processes.js'
import type { EngineChoice } from '../investigate/outside.js'
import type { Evidence } from '../model/evidence.js'
import { plural } from '../model/amounts.js'
import { StallError } from '../model/stall-error.js'
import { toDumpJson } from '../report/dump-json.js'
import { renderDump, renderHeader } from '../report/dump-text.js'
import { renderFirstSeen } from '../report/first-seen.js'
import { renderProcesses } from '../report/process-list.js'
import { wantsColor } from '../report/terminal.js'
import { terminalWidth } from '../report/wrap.js'
import { originalExcerpt } from '../source/original-excerpt.js'
import { type AttachOptions, dumpAndAttach } from './dump-and-attach.js'
import { EXIT } from './exit-codes.js'
import {
  printJson,
  printLine,
  printNote,
  printOut,
  printProvisional,
  printStep,
  screenOf,
  wipeProvisional,
} from './output.js'
import { numberIn, parsePid } from './parse-options.js'
import { collect } from './collect.js'
import { examples } from './examples.js'

const MEGABYTE = 1 << 20
const DEFAULT_HEAP_LIMIT_MB = 256

interface DumpOptions extends AttachOptions {
  readonly engine: EngineChoice
  readonly profile?: number
  readonly locals?: boolean
  readonly stop?: boolean
  readonly calibrate?: boolean
  readonly native?: boolean
  readonly heapSnapshot?: boolean
  readonly heapLimit: number
  readonly samples?: number
  readonly stacksOnly?: boolean
  readonly verbose?: boolean
}

export function register(program: Command): void {
  program
    .command('dump')
    .description('stacks of all threads, the await tree, kernel state and a verdict, of any Node process')
    .addHelpText(
      'after',
      examples('dump 4711', 'dump 4711 --json > dump.json', 'dump 4711 --out /tmp/incidents --profile 5'),
    )
    .argument('[pid]', 'the process; without one, a list of those that there are', parsePid)
    .option('--json', 'as JSON, for scripts')
    .option('--out <dir>', 'a sealed bundle into this folder as well')
    .option('--attach-to <destination>', 'deliver that bundle (see attach --help); may be given several times', collect)
    .option('--dry-run', 'with --attach-to: print exactly what would be sent, send nothing and keep no bundle')
    .addOption(
      new Option('--engine <name>', 'how to look: auto takes memory, and the inspector where memory cannot be read')
        .choices(['auto', 'memory', 'inspector', 'kernel'])
        .default('auto'),
    )
    .option('--profile <seconds>', 'a CPU profile too (by the inspector)', numberIn({ above: 0, to: 600 }))
    .option(
      '--samples <n>',
      'this many looks, 0.5 s apart (default: 2; 1 with --stacks-only)',
      numberIn({ from: 1, to: 100, whole: true }),
    )
    .addOption(
      new Option(
        '--stacks-only',
        'stacks and kernel state alone, in one look: the quickest; awaits are left out',
      ).conflicts(['heapSnapshot', 'profile']),
    )
    .option('--locals', 'local variables, redacted')
    .option('--stop', 'stop the process for the moment in which a running stack is copied: exact, but not unnoticed')
    .option('--native', 'C++ frames between the JavaScript ones; those of a running thread are probable')
    .option('--heap-snapshot', 'awaits by a heap snapshot where memory gives none: pauses the process, for seconds')
    .addOption(
      new Option('--heap-limit <mb>', 'no heap snapshot of more used heap than this')
        .argParser(numberIn({ from: 1, to: 4096, whole: true }))
        .default(DEFAULT_HEAP_LIMIT_MB),
    )
    .option('--calibrate', 'learn an unknown memory layout by starting the same binary once, whatever it is called')
    .option('--no-redact', 'secrets too, as they are: for your own screen')
    .option('-v, --verbose', 'internal frames and full detail')
    .action(async (pid: number | undefined, options: DumpOptions) => {
      if (pid === undefined) throw withoutPid()
      const dumping = async (out?: string, sealed: (folder: string) => void = () => undefined): Promise<number> =>
        await dump(pid, out === undefined ? options : { ...options, out }, sealed)
      process.exitCode = await dumpAndAttach(options, dumping)
    })
}

/** No data was asked for that there is: the list goes to stderr, so that nobody's script takes it for a dump. */
function withoutPid(): StallError {
  printNote(renderProcesses(listNodeProcesses()))
  return new StallError('ERR_STALL_USAGE', 'which process?', { help: 'conductor-diag dump PID' })
}

async function dump(pid: number, options: DumpOptions, sealed: (folder: string) => void): Promise<number> {
  const { missing } = await dumpProcess(requestOf(pid, options), listenerFor(options, sealed))
  if (missing === null) return EXIT.ok
  printLine(`conductor-diag: no evidence of process ${pid}`)
  for (const { what, message, why } of missing) printLine(`  ${what}: ${message} (${why})`)
  return EXIT.noEvidence
}

function requestOf(pid: number, options: DumpOptions): DumpRequest {
  const { stacksOnly = false, locals = false, stop = false, calibrate = false, native = false } = options
  return {
    pid,
    engine: options.engine,
    looks: options.samples ?? (stacksOnly ? 1 : 2),
    stacksOnly,
    profileMs: (options.profile ?? 0) * 1000,
    capture: { locals, stop, calibrate, native },
    heapSnapshot: options.heapSnapshot ? { maxHeapBytes: options.heapLimit * MEGABYTE } : null,
    redact: options.redact,
    out: options.out ?? null,
  }
}

function listenerFor(options: DumpOptions, sealed: (folder: string) => void): DumpListener {
  return {
    introduce(identity) {
      if (!options.json) printOut(renderHeader(identity, screen()))
    },
    note: (text) => printLine(`conductor-diag: ${text}`),
    step: (step, look) => reportStep(look === undefined ? step : `look ${look.number} of ${look.of}`),
    firstSeen: (evidence) => showFirst(options, evidence),
    show: (found) => show(options, found),
    sealed(folder, unwritten) {
      const note =
        unwritten === 0 ? '' : ` without ${plural(unwritten, 'file')} for want of space (ERR_STALL_DISK_FULL)`
      printLine(`bundle: ${folder}${note}`)
      sealed(folder)
    },
  }
}

function show(options: DumpOptions, found: Parameters<DumpListener['show']>[0]): void {
  const { evidence, verdicts, target, redactor } = found
  if (options.json) {
    printJson(toDumpJson(evidence, verdicts))
    return
  }
  const root = `${target.procRoot ?? `/proc/${target.pid}`}/root`
  const text = renderDump(evidence, verdicts, {
    verbose: options.verbose ?? false,
    ...screen(),
    overview: overviewOf(evidence),
    // What somebody asked for is shown, whether all else is or not.
    full: {
      threads: [options.locals, options.native, options.stop, options.stacksOnly].includes(true),
      awaits: options.locals ?? false,
    },
    sourceOf: (place) => originalExcerpt(place, { root, redact: (code) => redactor.text(code, { code: true }) }),
  })
  printOut(text)
}

function screen(): { readonly color: boolean; readonly width: number | null } {
  return { color: wantsColor(screenOf(1), process.env), width: terminalWidth(screenOf(1), process.env) }
}

/** Only where a person waits at a terminal, and few lines enough that all of them can be wiped again. */
function showFirst(options: DumpOptions, evidence: Evidence): void {
  const { isTTY, rows = 0 } = screenOf(1)
  if (options.json === true || isTTY !== true || screenOf(2).isTTY !== true) return
  const lines = renderFirstSeen(evidence, overviewOf(evidence), screen())
  if (lines.length < rows) printProvisional(lines)
}

/** Only where a person waits at a terminal. The line is wiped before the result is printed. */
function reportStep(step: string): void {
  if (screenOf(2).isTTY !== true) return
  if (step === 'diagnose') wipeProvisional()
  else printStep(`${step} …`)
}
