/**
 * The agent on the worker's main thread: it opens clocks, installs the integrations and starts the watch thread when
 * there is something to watch. Loads node core only. Everything else happens in threads of its own.
 */
import { ClockBoard } from '../../heartbeat/clock-board.js'
import { readSettings, type Environment } from '../../config/settings.js'
import type { Settings } from '../../config/settings-table.js'
import { installIntegrations } from '../../integrations/index.js'
import { listenForBeats } from './beat-channel.js'
import type { CaptureAnswer } from '../shared/messages.js'
import { onFirstRequest } from './first-request.js'
import { noticePrematureEnd } from './premature-end.js'
import { closeLoadGate } from '../shared/load-gate.js'
import { noticeShutdown } from './shutdown-notice.js'
import { WatchThread } from './watch-thread-handle.js'

/**
 * Asked for by a flag or by the application's own code: watched without a clock too, but only when it lives on. Soon: what
 * wedges before has no evidence but under the supervisor.
 */
const START_AFTER_MS = 250

export class Host {
  readonly board: ClockBoard
  readonly watch: WatchThread
  private readonly settings: Settings

  constructor(settings: Settings) {
    this.settings = settings
    this.board = new ClockBoard(() => this.begin())
    this.watch = new WatchThread(this.board)
  }

  /** @param explicit asked for by a flag or by code, not by an inherited NODE_OPTIONS alone */
  install(explicit: boolean): void {
    noticeShutdown(() => this.board.noteShutdown())
    listenForBeats(this.board)
    installIntegrations(this.board, this.settings)
    if (explicit) setTimeout(() => this.begin(), START_AFTER_MS).unref()
    // Whoever serves is no build tool; and a request may wedge it before those seconds are over.
    onFirstRequest(() => this.begin())
  }

  /** An incident now; null when there is no watch thread. */
  capture(reason: string): Promise<CaptureAnswer> | null {
    this.begin()
    return this.watch.capture(reason)
  }

  private begin(): void {
    if (!this.watch.start()) return
    this.turnEventLoopClock()
    process.on('exit', () => closeLoadGate(this.board.memory.header))
    noticePrematureEnd(this.board, this.watch, this.settings.graceMs)
  }

  /** The loop's own clock: a timer that holds nothing alive, several beats in the time that is reported. */
  private turnEventLoopClock(): void {
    const clock = this.board.open('event-loop', 'event-loop')
    const everyMs = Math.max(20, Math.min(1000, this.settings.eventLoopWarnMs / 5))
    setInterval(() => clock.beat(), everyMs).unref()
  }
}

/** Settings for the main thread; what is wrong with them is said by the watch thread, which reads them too. */
export function createHost(env: Environment): Host | null {
  const { settings } = readSettings(env)
  return settings.disabled ? null : new Host(settings)
}
