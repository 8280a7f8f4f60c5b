/**
 * What `dump` does with a process: says who it is, lets the agent in it look where that can do more, else looks itself,
 * and keeps what was found. What is shown, and how, is the listener's.
 */
import { mayReadMemory } from '../capture/memory-target.js'
import type { CaptureOptions } from '../capture/session.js'
import { assertStoppable } from '../capture/stopped-target.js'
import { isIncidentId } from '../incident/bundle-format.js'
import { outsideInspector } from '../inspector/open-inspector.js'
import type { Evidence, Missing } from '../model/evidence.js'
import type { ProcessIdentity } from '../model/process-identity.js'
import type { ClockReading } from '../model/heartbeat.js'
import { StallError, toStallError } from '../model/stall-error.js'
import type { Target } from '../model/target.js'
import type { Verdict } from '../model/verdict.js'
import type { ControlClient } from '../platform/control/client.js'
import { readCommandLine } from '../platform/procfs/process.js'
import { createOpenRedactor, createRedactor, type Redactor } from '../redact/redactor.js'
import { hasEvidence } from '../report/dump-json.js'
import { type AgentInvestigation, findAgent, investigateByAgent } from './by-agent.js'
import type { IncidentBundle } from './bundle.js'
import { identifyProcess } from './identity.js'
import { isPackageManager, nodeChildHint } from './node-children.js'
import { type EngineChoice, investigateOutside } from './outside.js'
import { withDumpPointers } from './pointers.js'
import { openTarget, type TargetProcess } from './target-process.js'

export interface DumpRequest {
  readonly pid: number
  readonly engine: EngineChoice
  readonly looks: number
  readonly stacksOnly: boolean
  /** 0: none. */
  readonly profileMs: number
  readonly capture: Omit<CaptureOptions, 'redactor'>
  /** Null: none. */
  readonly heapSnapshot: { readonly maxHeapBytes: number } | null
  /** False: a person's decision about a process of their own, and for their own screen. */
  readonly redact: boolean
  /** Where a bundle goes; null: none is kept, but for the agent's own. */
  readonly out: string | null
}

/** What is found, in the order in which it is known. */
export interface DumpListener {
  /** Before anything can fail: whoever asked should at least see what was asked about. */
  introduce(identity: ProcessIdentity): void
  note(text: string): void
  step(step: string, look?: { readonly number: number; readonly of: number }): void
  /** Stacks and kernel state, before anything is searched for; only from outside. */
  firstSeen(evidence: Evidence): void
  show(found: { evidence: Evidence; verdicts: readonly Verdict[]; target: Target; redactor: Redactor }): void
  /** `unwritten`: files that a full disk did not take. */
  sealed(folder: string, unwritten: number): void
}

/** `missing`: of a process of which nothing could be seen, why. */
export interface DumpOutcome {
  readonly missing: readonly Missing[] | null
}

interface Dump {
  readonly request: DumpRequest
  readonly listener: DumpListener
  readonly target: Target
  readonly identity: ProcessIdentity
  readonly redactor: Redactor
}

/** @throws StallError of a process that can't be looked at, of `--out`, and of one that ended before anything was seen */
export async function dumpProcess(request: DumpRequest, listener: DumpListener): Promise<DumpOutcome> {
  const { pid } = request
  const { target, runtime } = openOrIntroduce(pid, listener)
  // Before anything is looked at: a refusal is an answer to the command line, not a gap in the evidence.
  if (request.capture.stop === true) assertStoppable(pid)
  const redactor = request.redact ? createRedactor() : createOpenRedactor()
  const root = target.procRoot ?? `/proc/${pid}`
  const agent = await findAgent(pid)
  const identity = identifyProcess({
    pid,
    root,
    node: runtime.version,
    v8: runtime.v8,
    agent: agent.client !== null || agent.problem !== null,
    redactArguments: (argv) => redactor.argv(argv),
  })
  listener.introduce(identity)
  if (agent.problem) listener.note(`the agent in it does not answer: ${agent.problem.message}`)
  const started = isPackageManager(readCommandLine(root))
    ? nodeChildHint(root, pid, (argv) => redactor.argv(argv).join(' '))
    : null
  if (started !== null) listener.note(`this is a package manager. ${started}`)
  const dump = { request, listener, target, identity, redactor }
  try {
    if (agent.client === null || !isBetterByAgent(target, request)) return await fromOutside(dump, agent.client)
    return await byAgent(dump, agent.client)
  } finally {
    agent.client?.dispose()
  }
}

/** What the kernel shows of a process that it keeps from us is shown before the refusal. */
function openOrIntroduce(pid: number, listener: DumpListener): TargetProcess {
  try {
    return openTarget(pid)
  } catch (thrown) {
    if (toStallError(thrown).code === 'ERR_STALL_PERMISSION') {
      const redactArguments = (argv: readonly string[]): readonly string[] => createRedactor().argv(argv)
      const known = { pid, root: `/proc/${pid}`, node: null, v8: null, agent: false }
      listener.introduce(identifyProcess({ ...known, redactArguments }))
    }
    throw thrown
  }
}

/**
 * With an agent inside, its clocks are asked for in any case. The looking itself is left to it where it can do what we
 * could not, or not without a signal and an open port: the inspector, a profile, memory that the kernel keeps from us.
 * Whether it may take a heap snapshot is its own setting: one that is asked for here is taken from here.
 */
function isBetterByAgent(target: Target, { heapSnapshot, engine, profileMs }: DumpRequest): boolean {
  if (heapSnapshot !== null) return false
  if (engine === 'inspector' || profileMs > 0) return true
  return engine === 'auto' && !mayReadMemory(target)
}

async function byAgent(dump: Dump, client: ControlClient): Promise<DumpOutcome> {
  const { request, listener, target, identity, redactor } = dump
  let found: AgentInvestigation
  try {
    found = await investigateByAgent(target.pid, client, {
      profileMs: request.profileMs,
      locals: request.capture.locals,
      onStep: (step) => listener.step(step),
    })
    // Inside of the try: evidence that another program wrote may have any shape.
    const evidence = { ...found.evidence, process: { ...found.evidence.process, pid: identity.pid } }
    listener.show({ evidence, verdicts: found.verdicts, target, redactor })
  } catch (thrown) {
    const error = toStallError(thrown)
    listener.note(`not through the agent: ${error.message} (${error.code}); looking from outside`)
    return await fromOutside(dump, client)
  }
  listener.sealed(request.out === null ? found.folder : await copyTo(request.out, found), 0)
  return { missing: null }
}

async function copyTo(folder: string, { bundle }: AgentInvestigation): Promise<string> {
  const { copyBundle } = await import('../incident/copy-bundle.js')
  return copyBundle(bundle, { path: folder, from: '--out', shared: false })
}

async function fromOutside(dump: Dump, client: ControlClient | null): Promise<DumpOutcome> {
  const { request, listener, target, identity, redactor } = dump
  const opened = request.out === null ? null : await openBundleIn(request.out, identity)
  const bundle = opened instanceof StallError ? null : opened
  const kept: { incident: string | null } = { incident: null }
  const clocksOf = async (agent: ControlClient): Promise<readonly ClockReading[]> => {
    const { clocks, lastIncident } = await agent.readStatus()
    // What the other side says is its word: it is shown only where it is an id.
    kept.incident = lastIncident !== null && isIncidentId(lastIncident) ? lastIncident : null
    return clocks
  }
  const findings = await investigateOutside(target, identity, {
    engine: request.engine,
    looks: request.looks,
    stacksOnly: request.stacksOnly,
    profileMs: request.profileMs,
    capture: { ...request.capture, redactor },
    heapSnapshot: request.heapSnapshot,
    store: bundle?.store ?? null,
    inspector: outsideInspector(),
    ...(client === null ? {} : { clocks: async () => await clocksOf(client) }),
    onFirstSeen: (evidence) => listener.firstSeen(evidence),
    onProgress: (progress) =>
      listener.step(progress.step, progress.step === 'look' ? { number: progress.look, of: progress.of } : undefined),
  })
  const seal = async (): Promise<void> => {
    if (opened instanceof StallError) throw opened
    if (bundle === null) return
    const { pathOfSealed } = await import('./bundle.js')
    const folder = pathOfSealed(bundle.seal(findings, redactor.counts))
    listener.sealed(folder, await unwrittenIn(folder))
  }
  const { ended } = findings
  if (ended !== null && findings.wholeLooks === 0 && !hasFrames(findings.evidence)) {
    if (bundle !== null) await seal()
    throw ended
  }
  // Shown first: whatever becomes of the bundle (a full disk, a folder that takes none), what was found is not lost.
  listener.show({ evidence: findings.evidence, verdicts: findings.verdicts.map(withDumpPointers), target, redactor })
  // It has looked earlier, and may have seen what the collector has taken since.
  if (kept.incident !== null) {
    listener.note(`the agent in it has an incident already: conductor-diag show ${kept.incident}`)
  }
  if (ended !== null) listener.note(`${ended.message} (${ended.code}); this is what was seen before`)
  await seal()
  return { missing: hasEvidence(findings.evidence) ? null : findings.evidence.missing }
}

/** Of a look during which the process ended only what it ran is worth showing: the rest is that of an end. */
function hasFrames({ looks, samples }: Evidence): boolean {
  return samples !== null || looks.some((look) => (look.threads ?? []).some(({ frames }) => frames.length > 0))
}

/** An error where the folder takes no bundle: told after what was found, which nobody may be able to look at again. */
async function openBundleIn(folder: string, identity: ProcessIdentity): Promise<IncidentBundle | StallError> {
  // Only here: it loads node:crypto, which nobody else needs.
  const { openIncidentBundle } = await import('./bundle.js')
  const directories = [{ path: folder, from: '--out' as const, shared: false }]
  const opened = openIncidentBundle({ process: identity, stall: null, directories })
  if (!(opened instanceof StallError)) return opened
  const help = '--out needs a writable folder'
  return new StallError(opened.code, opened.message, { help, cause: opened })
}

async function unwrittenIn(folder: string): Promise<number> {
  const { readBundle } = await import('../incident/bundle-reader.js')
  return readBundle(folder).manifest.missing.filter(({ code }) => code === 'ERR_STALL_DISK_FULL').length
}
