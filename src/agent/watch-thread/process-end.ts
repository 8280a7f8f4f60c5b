/**
 * The end of a stalled process: tombstone, one line, exit code 70. Every step has a limit, and the last resort,
 * SIGKILL, needs nothing at all: whatever hangs, the process ends.
 */
import path from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Logger } from '../../log/logger.js'
import { INCIDENT_SCHEMA, type Tombstone } from '../../model/incident.js'
import { printable } from '../../model/printable.js'
import type { Stall } from '../../model/stall.js'
import { readStat } from '../../platform/procfs/stat.js'
import { startTimeOf } from '../../platform/procfs/process.js'
import { describeAnswer, describeStall, workFields } from './incident-line.js'
import type { EndNow, EndStep, EndThreadData } from '../short-threads/end-thread.js'
import type { CaptureAnswer } from '../shared/messages.js'
import type { NativeCalls } from '../shared/native-exit.js'
import { programOf, threadOptions } from '../shared/worker-environment.js'

export const EXIT_STALLED = 70

/** Kept back of the grace for the tombstone and the end itself. */
export const END_MARGIN_MS = 1000

// With twenty workers wedged on two cores a thread took more than 5 s to start; a disk that works takes far less.
const START_LIMIT_MS = 20_000
const TOMBSTONE_LIMIT_MS = 5000
const INSPECTOR_LIMIT_MS = 3000

export interface ProcessEnd {
  readonly stall: Stall
  readonly answer: CaptureAnswer | null
  readonly native: NativeCalls | null
  readonly dir: string | null
  /** Where Kubernetes looks for why it ended. */
  readonly terminationLog: string
  readonly logger: Logger
}

/** Does not come back, except for the time its steps take. */
export function endProcess(end: ProcessEnd): void {
  const words = new EndThread(end)
  words.begin(end.native ? 'koffi' : 'inspector', () => {
    sayWhy(end)
    // The code that a supervisor and a person look for. It does not return.
    end.native?.exit(EXIT_STALLED)
    words.endThroughInspector(() => process.kill(process.pid, 'SIGKILL'))
  })
}

/** Before a premature end, which the main thread carries out itself. */
export function writeTombstone(end: ProcessEnd, then: () => void): void {
  new EndThread(end).begin('exit', then)
}

class EndThread {
  private readonly end: ProcessEnd
  private worker: Worker | null = null
  private next: (word: EndStep | null) => void = () => undefined
  private why = `did not start in ${START_LIMIT_MS / 1000} s`
  private timer: NodeJS.Timeout | undefined

  constructor(end: ProcessEnd) {
    this.end = end
  }

  begin(how: Tombstone['how'], then: () => void): void {
    const heard = (word: EndStep | null): void => {
      if (word === null) this.end.logger.warn(`no tombstone: its thread ${this.why}`)
      else if (word.type === 'tombstone' && word.problem !== null) this.end.logger.warn(word.problem)
      then()
    }
    this.expect(START_LIMIT_MS, heard)
    try {
      const data: EndThreadData = {
        tombstone: tombstoneOf(this.end, how),
        dir: this.end.dir,
        terminationNote: { text: whyItEnds(this.end), file: this.end.terminationLog },
      }
      this.worker = new Worker(path.join(__dirname, '../short-threads/end-thread.js'), threadOptions('stall-end', data))
      this.worker.once('online', () => {
        // Too late: the end goes on without it.
        if (this.timer === undefined) return
        this.why = `did not answer in ${TOMBSTONE_LIMIT_MS / 1000} s`
        this.expect(TOMBSTONE_LIMIT_MS, heard)
      })
      this.worker.on('message', (word: EndStep) => this.next(word))
      this.worker.on('error', (error) => this.fail(error))
      this.worker.on('exit', () => this.next(null))
    } catch (thrown) {
      // No thread, no tombstone: ending the process is what matters.
      this.fail(thrown)
    }
  }

  private fail(error: unknown): void {
    this.why = `failed: ${printable(error instanceof Error ? error.message : String(error))}`
    this.next(null)
  }

  endThroughInspector(cannot: () => void): void {
    if (!this.worker) {
      cannot()
      return
    }
    this.expect(INSPECTOR_LIMIT_MS, cannot)
    const now: EndNow = { exitCode: EXIT_STALLED }
    this.worker.postMessage(now)
  }

  private expect(limitMs: number, heard: (word: EndStep | null) => void): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.next(null), limitMs)
    this.next = (word) => {
      this.next = () => undefined
      clearTimeout(this.timer)
      this.timer = undefined
      heard(word)
    }
  }
}

function whyItEnds({ stall, answer }: ProcessEnd): string {
  const about = answer === null ? 'no verdict, no bundle' : describeAnswer(answer)
  return printable(`stalled: ${describeStall(stall)}, ${about}; ending with exit code ${EXIT_STALLED}`)
}

/** What `kubectl logs` shows last. */
function sayWhy(end: ProcessEnd): void {
  const { stall, answer } = end
  end.logger.error(whyItEnds(end), {
    event: 'ending',
    clock: stall.clock,
    trigger: stall.trigger,
    ageMs: stall.ageMs,
    verdict: answer?.verdict?.name ?? null,
    confidence: answer?.verdict?.confidence ?? null,
    incident: answer?.incident ?? null,
    bundle: answer?.bundlePath ?? null,
    ...workFields(answer),
  })
}

function tombstoneOf({ stall, answer }: ProcessEnd, how: Tombstone['how']): Tombstone {
  return {
    schema: INCIDENT_SCHEMA,
    pid: process.pid,
    startTime: ownStartTime(),
    endedAt: new Date().toISOString(),
    reason: `${stall.trigger}: ${describeStall(stall)}`,
    exitCodeMeant: EXIT_STALLED,
    how,
    clock: stall.clock,
    ageMs: stall.ageMs,
    incident: answer?.incident ?? null,
    verdict: answer?.verdict?.name ?? null,
    program: programOf(),
    ...supervisedRun(),
  }
}

/** Under a supervisor the process may be a grandchild (npm, tsx): then its pid tells the supervisor nothing. */
function supervisedRun(): { run?: string } {
  const run = process.env['CONDUCTOR_STALL_RUN']
  return run === undefined ? {} : { run: run.slice(0, 100) }
}

function ownStartTime(): string {
  try {
    const started = startTimeOf(readStat('/proc/self').startTicks)
    if (started) return started.toISOString()
  } catch {
    // No /proc: the uptime is as good to within a second.
  }
  return new Date(Date.now() - process.uptime() * 1000).toISOString()
}
