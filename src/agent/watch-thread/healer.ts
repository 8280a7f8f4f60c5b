/**
 * A dead connection is healed before it is killed for, where that is allowed (CONDUCTOR_STALL_HEAL): once the evidence is
 * sealed, the main thread closes that one connection, and the next answered poll proves that this was it. Once in a silence:
 * if no poll is answered in time, the worker is ended as it would have been at once.
 *
 * Pure but for its messages: time and clocks are handed in at each turn.
 */
import type { Heal, HealOutcome } from '../../model/heal.js'
import type { Logger } from '../../log/logger.js'
import type { Stall } from '../../model/stall.js'
import type { ObservedClock } from '../../heartbeat/clock-reader.js'
import type { CaptureAnswer, ConnectionToClose, ToWatch } from '../shared/messages.js'
import { isDeadConnection, isUnansweredPoll } from './restart-cure.js'

/** To find the socket and ask it, with a loop that is busy. */
const CLOSE_LIMIT_MS = 15_000
/** For the poll that fails, the one after it, and its answer; a declared wait comes on top. */
const ANSWER_LIMIT_MS = 20_000

/** What the clocks say at one moment; `nowMs` as in a turn. */
export interface HealTurn {
  readonly nowMs: number
  readonly clocks: readonly ObservedClock[]
}

export interface HealerOptions {
  readonly allowed: boolean
  readonly logger: Logger
  /** Monotonic ms that all threads share. */
  readonly monotonicMs: () => number
  readonly close: (connection: ConnectionToClose) => void
  /** It is over: what came of it is to be kept as an incident. */
  readonly over: (stall: Stall) => void
}

interface UnderWay {
  readonly id: number
  readonly stall: Stall
  readonly clock: string
  readonly incident: string
  readonly answer: CaptureAnswer
  readonly dead: NonNullable<CaptureAnswer['dead']>
  readonly startedMs: number
  readonly steps: { readonly atMs: number; readonly text: string }[]
  /** As of a turn's `nowMs`; null: not yet closed. */
  closedAtMs: number | null
  untilMs: number
}

type Heard = Extract<ToWatch, { type: 'connection-closed' }>

export class Healer {
  readonly #options: HealerOptions
  /** By clock, the last one of its silence. */
  readonly #heals = new Map<
    string,
    { readonly endedAtMs: number; readonly heal: Heal; readonly proof: CaptureAnswer }
  >()
  #current: UnderWay | null = null
  #heard: Heard | null = null
  #ids = 0

  constructor(options: HealerOptions) {
    this.#options = options
  }

  get underWay(): boolean {
    return this.#current !== null
  }

  /** What was tried in the silence that this clock is in; undefined: nothing. */
  of(clock: string | null): Heal | undefined {
    return clock === null ? undefined : this.#heals.get(clock)?.heal
  }

  /** The evidence that a connection was closed for, where that did not help: reason enough to end it. Null: not so. */
  proofOf(clock: string | null): CaptureAnswer | null {
    const known = clock === null ? undefined : this.#heals.get(clock)
    return known?.heal.outcome === 'no-answer' ? known.proof : null
  }

  /** It was closed, and no poll was answered in time nor since. */
  isUnanswered(clock: string | null, turn: HealTurn): boolean {
    this.#forgetWhatIsOver(turn)
    return this.of(clock)?.outcome === 'no-answer'
  }

  /** Begins where the evidence is sealed and sure, and nothing was tried in this silence. @returns ms it may take; 0: it does not begin */
  begin(stall: Stall, answer: CaptureAnswer | null, { nowMs, clocks }: HealTurn): number {
    const { clock } = stall
    if (!this.#options.allowed || this.#current !== null || clock === null) return 0
    if (answer === null || answer.incident === null || answer.bundlePath === null) return 0
    if (!isDeadConnection(answer) && !(isLastResort(stall) && isUnansweredPoll(answer))) return 0
    this.#forgetWhatIsOver({ nowMs, clocks })
    if (this.#heals.has(clock)) return 0
    const { dead, incident } = answer
    if (dead === undefined) {
      this.#options.logger.warn(`not healed: which connection of ${clock} is dead can't be told from the others`)
      return 0
    }
    const id = ++this.#ids
    const closeMs = this.#options.monotonicMs() + CLOSE_LIMIT_MS
    this.#current = {
      id,
      stall,
      clock,
      incident,
      answer,
      dead,
      startedMs: nowMs,
      steps: [{ atMs: 0, text: `its main thread was asked to close ${dead.connection.local}` }],
      closedAtMs: null,
      untilMs: nowMs + CLOSE_LIMIT_MS,
    }
    const { local, peer } = dead.connection
    this.#options.logger.warn(
      `healing ${clock}: closing its dead connection ${local} to ${peer} (incident ${incident})`,
      {
        event: 'healing',
        clock,
        incident,
        connection: dead.connection,
      },
    )
    this.#options.close({ ...dead.connection, id, untilMs: closeMs })
    return CLOSE_LIMIT_MS + ANSWER_LIMIT_MS + waitOf(clock, clocks)
  }

  hear(message: Heard): void {
    this.#heard = message
  }

  /** @returns the clock that was healed in this turn; null: none */
  turn(turn: HealTurn): string | null {
    const current = this.#current
    if (current === null) return null
    const clock = turn.clocks.find(({ name }) => name === current.clock)
    const heard = this.#heard?.id === current.id ? this.#heard : null
    this.#heard = null
    if (heard !== null) this.#closed(current, heard, turn)
    if (this.#current === null) return null
    if (clock === undefined) {
      this.#end(current, 'failed', 'its poller was stopped', turn)
    } else if (current.closedAtMs !== null && (clock.lastSuccessMs ?? Infinity) < turn.nowMs - current.closedAtMs) {
      this.#end(current, 'answered', 'a poll was answered', turn)
      return current.clock
    } else if (turn.nowMs >= current.untilMs) {
      if (current.closedAtMs === null) this.#end(current, 'failed', 'its main thread did not come to it in time', turn)
      else this.#end(current, 'no-answer', 'no poll had been answered', turn)
    }
    return null
  }

  #closed(current: UnderWay, { outcome, text, atMs }: Heard, turn: HealTurn): void {
    if (outcome !== 'closed') {
      this.#end(current, outcome, text, turn)
      return
    }
    // When it was closed, not when this was heard of: the answer may have come between the two.
    current.closedAtMs = turn.nowMs - (this.#options.monotonicMs() - atMs)
    current.steps.push({ atMs: Math.round(current.closedAtMs - current.startedMs), text })
    current.untilMs = turn.nowMs + ANSWER_LIMIT_MS + waitOf(current.clock, turn.clocks)
  }

  #end(current: UnderWay, outcome: HealOutcome, text: string, { nowMs }: HealTurn): void {
    this.#current = null
    const { clock, incident, dead, steps, stall, startedMs } = current
    const heal: Heal = {
      outcome,
      connection: dead.connection,
      incident,
      steps: [...steps, { atMs: Math.round(nowMs - startedMs), text }],
      verdict: dead.verdict,
    }
    this.#heals.set(clock, { endedAtMs: nowMs, heal, proof: current.answer })
    const told = heal.steps.slice(1).map((step) => `${step.text} after ${Math.round(step.atMs / 100) / 10} s`)
    const line = `${outcome === 'answered' ? 'healed' : 'not healed'} (${outcome}): ${clock}: ${told.join(', ')}`
    const fields = { event: 'healed', clock, incident, outcome, connection: dead.connection }
    if (outcome === 'answered') this.#options.logger.info(line, fields)
    else this.#options.logger.warn(line, fields)
    this.#options.over({ ...stall, level: 'warn', heal })
  }

  /** A poll answered since ends the silence that was healed, or was not. */
  #forgetWhatIsOver({ nowMs, clocks }: HealTurn): void {
    for (const [name, { endedAtMs }] of this.#heals) {
      const clock = clocks.find((each) => each.name === name)
      if (clock === undefined || (clock.lastSuccessMs ?? Infinity) < nowMs - endedAtMs) this.#heals.delete(name)
    }
  }
}

/** The worker is to be ended for this silence, whatever its cause: to close one connection first costs less. */
function isLastResort({ trigger, level }: Stall): boolean {
  return trigger === 'loop-silence' && level === 'stall'
}

function waitOf(name: string, clocks: readonly ObservedClock[]): number {
  return clocks.find((clock) => clock.name === name)?.expectedWaitMs ?? 0
}
