/**
 * systemd's notification protocol (sd_notify(3)): READY once the worker is ready, WATCHDOG while it is alive, STATUS when
 * what is wrong changes. Only where it is asked for: an application may notify by itself, and knows better when it is
 * ready. One datagram, never waited for.
 *
 * WATCHDOG goes on while a stall is captured, as /livez does: systemd's own watchdog must not kill the evidence.
 */
import type { Logger } from '../../log/logger.js'
import type { ObservedClock } from '../../heartbeat/clock-reader.js'
import { printable } from '../../model/printable.js'
import { ForgivenClocks } from '../../watch/forgiven-clocks.js'
import { healthOf, type Health, type HealthSettings } from '../../watch/health.js'
import type { NativeCalls } from '../shared/native-exit.js'

export interface NotifySettings extends HealthSettings {
  readonly systemdNotify: boolean
}

export interface NotifyTurn {
  readonly nowMs: number
  readonly clocks: readonly ObservedClock[]
  readonly anyLoopSeen: boolean
  readonly leaving: boolean
  readonly native: { readonly calls: Pick<NativeCalls, 'notify'> | null; readonly failure: string | null }
}

/** Without WatchdogSec: how often STATUS may change. */
const USUAL_MS = 10_000
const MAX_STATUS = 300

type Environment = Readonly<Record<string, string | undefined>>

export class ServiceNotify {
  private readonly settings: NotifySettings
  private readonly logger: Logger
  private readonly socket: string | null
  /** Null: nobody counts. */
  private readonly everyMs: number | null
  private readonly forgiven = new ForgivenClocks()
  private nextMs = 0
  private isReady = false
  private status = ''
  private complained = false

  constructor(settings: NotifySettings, logger: Logger, env: Environment, pid: number) {
    this.settings = settings
    this.logger = logger
    const named = env['NOTIFY_SOCKET'] ?? ''
    const isOurs = env['WATCHDOG_PID'] === undefined || env['WATCHDOG_PID'] === String(pid)
    this.socket = settings.systemdNotify && isOurs && /^[@/]/.test(named) ? named : null
    const watchdogMs = Number(env['WATCHDOG_USEC']) / 1000
    this.everyMs = watchdogMs > 0 ? watchdogMs / 3 : null
  }

  /** The watchdog has decided not to end the process for this clock's silence. */
  forgive(clock: string, clocks: readonly ObservedClock[]): void {
    this.forgiven.forgive(clock, clocks)
  }

  turn(turn: NotifyTurn): void {
    if (this.socket === null || (turn.nowMs < this.nextMs && !turn.leaving)) return
    const { calls, failure } = turn.native
    if (calls === null) {
      if (failure !== null) this.complain(`koffi can't be used (${failure})`)
      return
    }
    this.nextMs = turn.nowMs + Math.min(this.everyMs ?? USUAL_MS, USUAL_MS)
    const words = this.words(turn, this.healthOf(turn))
    if (words.length === 0) return
    const error = calls.notify(this.socket, words.join('\n'))
    if (error !== null) this.complain(error)
  }

  private words({ leaving }: NotifyTurn, health: Health): string[] {
    const words: string[] = []
    if (health.ready && !this.isReady) {
      this.isReady = true
      words.push('READY=1')
    }
    const status = printable(health.reasons.join('; ')).slice(0, MAX_STATUS) || 'all loops beat'
    if (status !== this.status && (this.isReady || leaving)) {
      this.status = status
      words.push(`STATUS=${status}`)
    }
    if (this.everyMs !== null && health.alive) words.push('WATCHDOG=1')
    return words
  }

  private healthOf({ clocks, anyLoopSeen, leaving }: NotifyTurn): Health {
    return healthOf(clocks, this.settings, { leaving, anyLoopSeen, forgiven: this.forgiven.names(clocks) })
  }

  private complain(why: string): void {
    if (this.complained) return
    this.complained = true
    this.logger.warn(`systemd is not notified: ${why}`, { event: 'notify' })
  }
}
