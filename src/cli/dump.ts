/** `conductor-diag dump PID`: why does this process not move? */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { mkdirSync, writeSync } from 'node:fs'
import { outsideInspector } from '../capture/inspector/open-inspector.js'
import { type BundleWriter, openBundle } from '../incident/bundle-writer.js'
import { identifyProcess } from '../investigate/identity.js'
import type { Findings, Progress } from '../investigate/investigation.js'
import { type EngineChoice, investigateOutside } from '../investigate/outside.js'
import { openTarget } from '../investigate/target-process.js'
import type { ProcessIdentity } from '../model/process-identity.js'
import { StallError } from '../model/stall-error.js'
import { createRedactor, type Redactor } from '../redact/redactor.js'
import { readStat } from '../platform/procfs/stat.js'
import { hasEvidence, toDumpJson } from '../report/dump-json.js'
import { renderDump, renderHeader } from '../report/dump-text.js'
import { wantsColor } from '../report/terminal.js'
import { readExcerpt } from '../source/excerpt.js'
import { EXIT } from './exit-codes.js'
import { listProcesses, renderProcesses } from './ps.js'

interface DumpOptions {
  readonly json?: boolean
  readonly out?: string
  readonly engine: EngineChoice
  readonly profile?: number
  readonly locals?: boolean
  readonly stop?: boolean
  readonly calibrate?: boolean
  readonly native?: boolean
  readonly samples?: number
  readonly verbose?: boolean
}

export function register(program: Command): void {
  program
    .command('dump')
    .description('stacks of all threads, the await tree, kernel state and a verdict, of any Node process')
    .argument('[pid]', 'the process; without one, those that there are are listed', parsePid)
    .option('--json', 'as JSON, for scripts')
    .option('--out <dir>', 'a sealed bundle into this folder as well')
    .addOption(
      new Option('--engine <name>', 'how to look: auto takes memory, and the inspector where memory cannot serve')
        .choices(['auto', 'memory', 'inspector', 'kernel'])
        .default('auto'),
    )
    .option('--profile <seconds>', 'a CPU profile too (by the inspector)', parseSeconds)
    .option('--samples <n>', 'this many looks, 0.5 s apart (default: 2)', parseCount)
    .option('--locals', 'local variables, redacted')
    .option('--stop', 'stop the process for the moment in which a running stack is copied: exact, but not unnoticed')
    .option('--native', 'C++ frames between the JavaScript ones, of threads that sleep')
    .option('--calibrate', 'learn an unknown memory layout by starting the same binary once, whatever it is called')
    .option('-v, --verbose', 'internal frames and full detail')
    .action(async (pid: number | undefined, options: DumpOptions) => {
      process.exitCode = pid === undefined ? suggest() : await dump(pid, options)
    })
}

function suggest(): number {
  writeSync(1, renderProcesses(listProcesses()))
  writeSync(2, 'Type: conductor-diag dump PID\n')
  return EXIT.usage
}

async function dump(pid: number, options: DumpOptions): Promise<number> {
  const { target, runtime } = openTarget(pid)
  const redactor = createRedactor()
  const identity = identifyProcess({
    pid,
    root: target.procRoot ?? `/proc/${pid}`,
    node: runtime.version,
    agent: false,
    redactArguments: (argv) => redactor.argv(argv),
  })
  // Before anything can fail: whoever asked should at least see what was asked about.
  const color = wantsColor(process.stdout, process.env)
  if (!options.json) writeSync(1, renderHeader(identity, { color }))
  const bundle = options.out === undefined ? null : openBundleIn(options.out, identity)
  const findings = await investigateOutside(target, identity, {
    engine: options.engine,
    looks: options.samples ?? 2,
    profileMs: (options.profile ?? 0) * 1000,
    locals: options.locals ?? false,
    stop: options.stop ?? false,
    calibrate: options.calibrate ?? false,
    native: options.native ?? false,
    redactor,
    store: bundle,
    inspector: outsideInspector(),
    onProgress: reportProgress,
  })
  const sealed = bundle === null ? null : seal(bundle, findings, identity, redactor)
  if (options.json) {
    writeSync(1, `${JSON.stringify(toDumpJson(findings.evidence, findings.verdicts), null, 2)}\n`)
  } else {
    const root = `${target.procRoot ?? `/proc/${pid}`}/root`
    const text = renderDump(findings.evidence, findings.verdicts, {
      verbose: options.verbose ?? false,
      color,
      sourceOf: (place) => readExcerpt(place.file, place.line, root),
    })
    writeSync(1, text)
  }
  if (sealed !== null) writeSync(2, `bundle: ${sealed}\n`)
  if (hasEvidence(findings.evidence)) return EXIT.ok
  writeSync(2, `conductor-diag: no evidence of process ${pid}\n`)
  for (const missing of findings.evidence.missing)
    writeSync(2, `  ${missing.what}: ${missing.message} (${missing.why})\n`)
  return EXIT.noEvidence
}

function openBundleIn(folder: string, identity: ProcessIdentity): BundleWriter {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const opened = openBundle({
    directories: [{ path: folder, from: '--out', shared: false }],
    writer: { pid: process.pid, startTicks: readStat('/proc/self').startTicks },
    process: identity,
    stall: null,
  })
  if (opened instanceof StallError) throw opened
  return opened
}

function seal(bundle: BundleWriter, findings: Findings, identity: ProcessIdentity, redactor: Redactor): string {
  const sealed = bundle.seal({
    process: identity,
    stall: findings.evidence.stall,
    verdicts: findings.verdicts,
    clocks: findings.evidence.looks.at(-1)?.clocks ?? [],
    cost: findings.evidence.cost,
    redacted: redactor.counts,
  })
  if (sealed.status === 'unsealed') throw sealed.error
  return sealed.path
}

/** Only where a person waits at a terminal. */
function reportProgress(progress: Progress): void {
  if (!process.stderr.isTTY) return
  const what = progress.step === 'look' ? `look ${progress.look} of ${progress.of}` : progress.step
  writeSync(2, `\r\u001b[K${progress.step === 'diagnose' ? '' : `${what} …`}`)
}

function parsePid(text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new InvalidArgumentError('A pid is a number. conductor-diag ps lists them.')
  return Number(text)
}

function parseSeconds(text: string): number {
  const seconds = Number(text)
  if (text.trim() === '' || !Number.isFinite(seconds) || seconds <= 0 || seconds > 600) {
    throw new InvalidArgumentError('Seconds are a number from above 0 to 600.')
  }
  return seconds
}

function parseCount(text: string): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1 || count > 100) throw new InvalidArgumentError('A number from 1 to 100.')
  return count
}
