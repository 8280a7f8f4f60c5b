/**
 * What the agent inside can't see: a worker that is stopped or frozen, or whose agent is gone. Looks in, troubles out;
 * pure, as the watch inside is. The agent goes first wherever it can act: what it watches is left to it.
 */

/** One look at a worker from outside. */
export interface OutsideLook {
  /** Monotonic ms. */
  readonly atMs: number
  /** State of the main thread as the kernel has it: `T` stopped; `t` (a tracer holds it) is not. Null: unknown. */
  readonly state: string | null
  /** Its control group is frozen. */
  readonly frozen: boolean
  /** `none`: no agent was ever seen in it. `gone`: there was one, and nothing listens any more. */
  readonly agent: 'answers' | 'silent' | 'gone' | 'none'
  /** Turns of the main event loop so far, or null where they can't be read. */
  readonly turns: number | null
  /** It waits for events at this moment. */
  readonly polling: boolean
  /** A poll loop has begun, or it listens on a port. */
  readonly ready: boolean
}

export type TroubleKind = 'stopped' | 'frozen' | 'blocked' | 'agent-silent' | 'agent-gone' | 'not-ready'

export interface Trouble {
  readonly kind: TroubleKind
  readonly forMs: number
  readonly limitMs: number
}

export interface OutsideLimits {
  /** For all but the start; 0: never. */
  readonly timeoutMs: number
  /** From the start to the first poll loop or listening port; 0: no deadline. */
  readonly readyMs: number
}

export class OutsideWatch {
  readonly #limits: OutsideLimits
  readonly #startedMs: number
  #since: { readonly kind: 'frozen' | 'stopped' | 'unheard'; readonly atMs: number } | null = null
  #turned: { readonly turns: number | null; readonly atMs: number }
  #wasReady = false
  #lastMs: number
  #lostMs = 0

  constructor(limits: OutsideLimits, startedMs: number) {
    this.#limits = limits
    this.#startedMs = startedMs
    this.#lastMs = startedMs
    this.#turned = { turns: null, atMs: startedMs }
  }

  get ready(): boolean {
    return this.#wasReady
  }

  /**
   * What has lasted for too long; null otherwise.
   * @param everyMs how far apart looks should be: what is far more is time in which this process did not run either
   */
  look(look: OutsideLook, everyMs: number): Trouble | null {
    const tookMs = look.atMs - this.#lastMs
    this.#lastMs = look.atMs
    if (tookMs > 3 * everyMs + 5000) this.#lostMs += tookMs - everyMs
    const now = look.atMs - this.#lostMs
    this.#wasReady ||= look.ready
    // A loop that waits for events is at its work; one whose turns can't be read is not known to be stuck.
    if (look.turns === null || look.polling || look.turns !== this.#turned.turns) {
      this.#turned = { turns: look.turns, atMs: now }
    }
    const { timeoutMs, readyMs } = this.#limits
    if (readyMs > 0 && !this.#wasReady && now - this.#startedMs >= readyMs) {
      return { kind: 'not-ready', forMs: Math.round(now - this.#startedMs), limitMs: readyMs }
    }
    const kind = kindOf(look)
    if (kind === null || timeoutMs === 0) {
      this.#since = null
      return null
    }
    if (this.#since?.kind !== kind) this.#since = { kind, atMs: now }
    const forMs = Math.round(now - this.#since.atMs)
    if (forMs < timeoutMs) return null
    if (kind === 'stopped' || kind === 'frozen') return { kind, forMs, limitMs: timeoutMs }
    const still = this.#turned.turns !== null && now - this.#turned.atMs >= timeoutMs
    if (still) return { kind: 'blocked', forMs, limitMs: timeoutMs }
    // Without an agent nothing is known but that its loop turns: at work.
    if (look.agent === 'none') return null
    return { kind: look.agent === 'gone' ? 'agent-gone' : 'agent-silent', forMs, limitMs: timeoutMs }
  }
}

/** `unheard`: nobody inside says anything, and what that means is told when it has lasted. */
function kindOf({ state, frozen, agent }: OutsideLook): 'frozen' | 'stopped' | 'unheard' | null {
  if (frozen) return 'frozen'
  if (state === 'T') return 'stopped'
  return agent === 'answers' ? null : 'unheard'
}

/** Whether its main thread can still end itself when it is asked to. */
export function canDrain({ kind }: Trouble): boolean {
  return kind === 'agent-silent' || kind === 'agent-gone' || kind === 'not-ready'
}
