/** `conductor-diag dump PID`: why does this process not move? */
import { type Command, Option } from 'commander'
import { outsideInspector } from '../inspector/open-inspector.js'
import { mayReadMemory } from '../capture/memory-target.js'
import { assertStoppable } from '../capture/stopped-target.js'
import { overviewOf } from '../diagnose/overview.js'
import type { BundleWriter } from '../incident/bundle-writer.js'
import { type AgentInvestigation, findAgent, investigateByAgent } from '../investigate/by-agent.js'
import { identifyProcess } from '../investigate/identity.js'
import type { InvestigationResult, Progress } from '../investigate/investigation.js'
import { type EngineChoice, investigateOutside } from '../investigate/outside.js'
import { reportOf } from '../investigate/report-of.js'
import { withDumpPointers } from '../investigate/pointers.js'
import { isPackageManager, nodeChildHint } from '../investigate/node-children.js'
import { listNodeProcesses } from '../investigate/list-processes.js'
import { openTarget, type TargetProcess } from '../investigate/target-process.js'
import { plural } from '../model/amounts.js'
import type { Evidence } from '../model/evidence.js'
import type { ProcessIdentity } from '../model/process-identity.js'
import { StallError, toStallError } from '../model/stall-error.js'
import type { Target } from '../model/target.js'
import type { Verdict } from '../model/verdict.js'
import type { ControlClient } from '../platform/control/client.js'
import { createOpenRedactor, createRedactor, type Redactor } from '../redact/redactor.js'
import { readCommandLine } from '../platform/procfs/process.js'
import { readStat } from '../platform/procfs/stat.js'
import { hasEvidence, toDumpJson } from '../report/dump-json.js'
import { renderDump, renderHeader } from '../report/dump-text.js'
import { renderProcesses } from '../report/process-list.js'
import { wantsColor } from '../report/terminal.js'
import { terminalWidth } from '../report/wrap.js'
import { originalExcerpt } from '../source/original-excerpt.js'
import { type AttachOptions, dumpAndAttach } from './dump-and-attach.js'
import { EXIT } from './exit-codes.js'
import { printJson, printLine, printNote, printOut, printStep } from './output.js'
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
      new Option('--engine <name>', 'how to look: auto takes memory, and the inspector where memory cannot serve')
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
      const dumping = async (out?: string, sealed?: (folder: string) => void): Promise<number> =>
        await dump(pid, out === undefined ? options : { ...options, out }, sealed)
      process.exitCode = await dumpAndAttach(options, dumping)
    })
}

/** No data was asked for that there is: the list goes to stderr, so that nobody's script takes it for a dump. */
function withoutPid(): StallError {
  printNote(renderProcesses(listNodeProcesses()))
  return new StallError('ERR_STALL_USAGE', 'which process?', { help: 'conductor-diag dump PID' })
}

async function dump(
  pid: number,
  options: DumpOptions,
  sealed: (folder: string) => void = () => undefined,
): Promise<number> {
  const { target, runtime } = openOrIntroduce(pid, options)
  // Before anything is looked at: a refusal is an answer to the command line, not a gap in the evidence.
  if (options.stop) assertStoppable(pid)
  // `--no-redact` is a person's decision about a process of their own, and for their own screen.
  const redactor = options.redact ? createRedactor() : createOpenRedactor()
  const agent = await findAgent(pid)
  const identity = identifyProcess({
    pid,
    root: target.procRoot ?? `/proc/${pid}`,
    node: runtime.version,
    v8: runtime.v8,
    agent: agent.client !== null || agent.problem !== null,
    redactArguments: (argv) => redactor.argv(argv),
  })
  // Before anything can fail: whoever asked should at least see what was asked about.
  if (!options.json) printOut(renderHeader(identity, screen()))
  if (agent.problem) printLine(`conductor-diag: the agent in it does not answer: ${agent.problem.message}`)
  const started = isPackageManager(readCommandLine(target.procRoot ?? `/proc/${pid}`))
    ? nodeChildHint(target.procRoot ?? `/proc/${pid}`, pid, (argv) => redactor.argv(argv).join(' '))
    : null
  if (started !== null) printLine(`conductor-diag: this is a package manager. ${started}`)
  const context = { target, identity, redactor, options, sealed }
  try {
    if (agent.client === null) return await dumpFromOutside(context, null)
    if (!isBetterByAgent(target, options)) return await dumpFromOutside(context, agent.client)
    return await dumpByAgent(context, agent.client)
  } finally {
    agent.client?.dispose()
  }
}

/** What the kernel shows of a process that it keeps from us is shown before the refusal. */
function openOrIntroduce(pid: number, options: DumpOptions): TargetProcess {
  try {
    return openTarget(pid)
  } catch (thrown) {
    if (!options.json && toStallError(thrown).code === 'ERR_STALL_PERMISSION') {
      const redactArguments = (argv: readonly string[]): readonly string[] => createRedactor().argv(argv)
      const identity = identifyProcess({
        pid,
        root: `/proc/${pid}`,
        node: null,
        v8: null,
        agent: false,
        redactArguments,
      })
      printOut(renderHeader(identity, screen()))
    }
    throw thrown
  }
}

interface DumpContext {
  readonly target: Target
  readonly identity: ProcessIdentity
  readonly redactor: Redactor
  readonly options: DumpOptions
  /** Told of the bundle. */
  readonly sealed: (folder: string) => void
}

/**
 * With an agent inside, its clocks are asked for in any case. The looking itself is left to it where it can do what we
 * could not, or not without a signal and an open port: the inspector, a profile, memory that the kernel keeps from us.
 * Whether it may take a heap snapshot is its own setting: one that is asked for here is taken from here.
 */
function isBetterByAgent(target: Target, options: DumpOptions): boolean {
  if (options.heapSnapshot) return false
  if (options.engine === 'inspector' || options.profile !== undefined) return true
  return options.engine === 'auto' && !mayReadMemory(target)
}

async function dumpByAgent(context: DumpContext, client: ControlClient): Promise<number> {
  const { target, identity, options } = context
  let found: AgentInvestigation
  try {
    found = await investigateByAgent(target.pid, client, {
      profileMs: (options.profile ?? 0) * 1000,
      locals: options.locals ?? false,
      onStep: reportStep,
    })
    // Inside of the try: evidence that another program wrote may have any shape.
    show(context, { ...found.evidence, process: { ...found.evidence.process, pid: identity.pid } }, found.verdicts)
  } catch (thrown) {
    const error = toStallError(thrown)
    printLine(`conductor-diag: not through the agent: ${error.message} (${error.code}); looking from outside`)
    return await dumpFromOutside(context, client)
  }
  const folder = options.out === undefined ? found.folder : await copyTo(options.out, found)
  printLine(`bundle: ${folder}`)
  context.sealed(folder)
  return EXIT.ok
}

async function copyTo(folder: string, { bundle }: AgentInvestigation): Promise<string> {
  const { copyBundle } = await import('../incident/copy-bundle.js')
  return copyBundle(bundle, { path: folder, from: '--out', shared: false })
}

async function dumpFromOutside(context: DumpContext, client: ControlClient | null): Promise<number> {
  const { target, identity, redactor, options } = context
  const bundle = options.out === undefined ? null : await openBundleIn(options.out, identity)
  const findings = await investigateOutside(target, identity, {
    engine: options.engine,
    looks: options.samples ?? (options.stacksOnly ? 1 : 2),
    stacksOnly: options.stacksOnly ?? false,
    profileMs: (options.profile ?? 0) * 1000,
    capture: {
      redactor,
      locals: options.locals ?? false,
      stop: options.stop ?? false,
      calibrate: options.calibrate ?? false,
      native: options.native ?? false,
    },
    heapSnapshot: options.heapSnapshot ? { maxHeapBytes: options.heapLimit * MEGABYTE } : null,
    store: bundle,
    inspector: outsideInspector(),
    ...(client === null ? {} : { clocks: async () => (await client.readStatus()).clocks }),
    onProgress: reportProgress,
  })
  const { ended } = findings
  if (ended !== null && findings.wholeLooks === 0 && !hasFrames(findings.evidence)) {
    if (bundle !== null) await tellBundle(seal(bundle, findings, identity, redactor), context.sealed)
    throw ended
  }
  // Shown first: whatever becomes of the bundle (a full disk), what was found is not lost.
  show(context, findings.evidence, findings.verdicts.map(withDumpPointers))
  if (ended !== null) printLine(`conductor-diag: ${ended.message} (${ended.code}); this is what was seen before`)
  if (bundle !== null) await tellBundle(seal(bundle, findings, identity, redactor), context.sealed)
  if (hasEvidence(findings.evidence)) return EXIT.ok
  printLine(`conductor-diag: no evidence of process ${target.pid}`)
  for (const { what, message, why } of findings.evidence.missing) printLine(`  ${what}: ${message} (${why})`)
  return EXIT.noEvidence
}

/** Of a look during which the process ended only what it ran is worth showing: the rest is that of an end. */
function hasFrames({ looks, samples }: Evidence): boolean {
  return samples !== null || looks.some((look) => (look.threads ?? []).some(({ frames }) => frames.length > 0))
}

function show({ target, options, redactor }: DumpContext, evidence: Evidence, verdicts: readonly Verdict[]): void {
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
  return { color: wantsColor(process.stdout, process.env), width: terminalWidth(process.stdout, process.env) }
}

async function openBundleIn(folder: string, identity: ProcessIdentity): Promise<BundleWriter> {
  // Only here: it loads node:crypto, which nobody else needs.
  const { openBundle } = await import('../incident/bundle-writer.js')
  const opened = openBundle({
    directories: [{ path: folder, from: '--out', shared: false }],
    writer: { pid: process.pid, startTicks: readStat('/proc/self').startTicks },
    process: identity,
    stall: null,
  })
  if (opened instanceof StallError) {
    throw new StallError(opened.code, opened.message, {
      help: '--out takes a folder that can be written',
      cause: opened,
    })
  }
  return opened
}

/** Where it is; and that it is not whole, where the disk had no room for all of it. */
async function tellBundle(folder: string, sealed: (folder: string) => void): Promise<void> {
  const { readBundle } = await import('../incident/bundle-reader.js')
  const left = readBundle(folder).manifest.missing.filter((missing) => missing.code === 'ERR_STALL_DISK_FULL')
  const note =
    left.length === 0 ? '' : ` without ${plural(left.length, 'file')} for want of space (ERR_STALL_DISK_FULL)`
  printLine(`bundle: ${folder}${note}`)
  sealed(folder)
}

function seal(
  bundle: BundleWriter,
  findings: InvestigationResult,
  identity: ProcessIdentity,
  redactor: Redactor,
): string {
  const sealed = bundle.seal({
    process: identity,
    stall: findings.evidence.stall,
    verdicts: findings.verdicts,
    clocks: findings.evidence.looks.at(-1)?.clocks ?? [],
    cost: findings.costNow(),
    redacted: redactor.counts,
    report: reportOf(findings),
  })
  if (sealed.status === 'unsealed') throw sealed.error
  return sealed.path
}

function reportProgress(progress: Progress): void {
  reportStep(progress.step === 'look' ? `look ${progress.look} of ${progress.of}` : progress.step)
}

/** Only where a person waits at a terminal. The line is wiped before the result is printed. */
function reportStep(step: string): void {
  if (process.stderr.isTTY) printStep(step === 'diagnose' ? '' : `${step} …`)
}
