/** What the watch thread says of itself, each once: what it watches, where bundles go, and what it can't do. */
import type { Settings } from '../../config/settings-table.js'
import type { ObservedClock } from '../../heartbeat/clock-reader.js'
import type { Logger } from '../../log/logger.js'
import { eventLoopStallMs } from '../../watch/breach.js'
import { bundlePlace, type BundlePlace } from './bundle-place.js'
import { EXIT_STALLED } from './process-end.js'

export interface Announced {
  readonly clocks: readonly ObservedClock[]
  readonly upForMs: number
  readonly native: { readonly calls: unknown; readonly failure: string | null }
  readonly dropped: { readonly clocks: number; readonly tasks: number }
}

/** A worker that polls has a clock by then; one without any is told of as it is. */
const LATEST_MS = 10_000

export class Announcer {
  private readonly settings: Settings
  private readonly logger: Logger
  private readonly said = new Set<'start' | 'native' | 'dropped'>()
  private place: BundlePlace = { folder: null, warnings: [] }

  constructor(settings: Settings, logger: Logger) {
    this.settings = settings
    this.logger = logger
  }

  /** At the start. Looks at folders on local disks only. */
  tellOfFolder(): void {
    this.place = bundlePlace(process.env, this.settings.dir)
    for (const warning of this.place.warnings) this.logger.warn(warning, { event: 'folder' })
  }

  get folder(): string | null {
    return this.place.folder
  }

  turn({ clocks, upForMs, native, dropped }: Announced): void {
    if (dropped.clocks + dropped.tasks > 0) {
      this.once('dropped', () =>
        this.logger.warn('more clocks or tasks than there is room for: some are not watched', { ...dropped }),
      )
    }
    const known = native.calls !== null || native.failure !== null
    const polls = clocks.some((clock) => clock.kind !== 'event-loop')
    if (!(known && polls) && upForMs < LATEST_MS) return
    this.once('start', () => {
      const { settings } = this
      const canExit = native.calls !== null ? true : native.failure === null ? null : false
      this.logger.info(describeStart({ clocks, settings, folder: this.folder, native }), {
        event: 'watching',
        clocks: clocks.map(({ name }) => name),
        warnMs: settings.warnMs,
        stallTimeoutMs: settings.stallTimeoutMs,
        eventLoopWarnMs: settings.eventLoopWarnMs,
        eventLoopTimeoutMs: eventLoopStallMs(clocks, settings),
        dir: this.folder,
        canExit,
      })
    })
  }

  /** When there is a reason to say what is missing. */
  tellOfNative(failure: string | null): void {
    this.once('native', () =>
      this.logger.warn(
        `koffi can't be used (${failure}): a worker blocked in native code would end with SIGKILL, not with code ${EXIT_STALLED}`,
      ),
    )
  }

  private once(what: 'start' | 'native' | 'dropped', say: () => void): void {
    if (this.said.has(what)) return
    this.said.add(what)
    say()
  }
}

interface Start extends Pick<Announced, 'clocks' | 'native'> {
  readonly settings: Settings
  readonly folder: string | null
}

const MAX_NAMES = 5
const seconds = (ms: number): string => `${ms / 1000} s`

/** One line: what is watched, when evidence is taken, when the process is ended, and what will never end it. */
export function describeStart({ clocks, settings, folder, native }: Start): string {
  const loops = clocks.filter(({ kind }) => kind !== 'event-loop').map(({ name }) => name)
  const more = loops.length > MAX_NAMES ? `, ${loops.length - MAX_NAMES} more` : ''
  const watched = [...loops.slice(0, MAX_NAMES), `the event loop${more}`].join(', ')
  const parts = [
    `watching ${watched}${loops.length === 0 ? ' (no poll loop is known yet)' : ''}`,
    `evidence after ${loops.length === 0 ? '' : `${seconds(settings.warnMs)} of silence, `}${seconds(settings.eventLoopWarnMs)} of a blocked event loop`,
    ...endings(clocks, settings),
    ...(native.failure === null ? [] : [`in native code by SIGKILL instead, without koffi (${native.failure})`]),
    `bundles: ${folder ?? 'no folder can be written'}`,
  ]
  return parts.join('; ')
}

function endings(clocks: readonly ObservedClock[], settings: Settings): string[] {
  const { stallTimeoutMs, eventLoopTimeoutMs } = settings
  if (stallTimeoutMs === 0) return ['never ended: the watchdog is off']
  const loops = clocks.filter(({ kind }) => kind !== 'event-loop')
  const loopMs = eventLoopStallMs(clocks, settings)
  const silence = loops.some((clock) => !clock.requestsOnly)
  const said: string[] = []
  if (silence) said.push(`ended with code ${EXIT_STALLED} after ${seconds(stallTimeoutMs)} of silence`)
  if (loopMs > 0) said.push(`ended with code ${EXIT_STALLED} after ${seconds(loopMs)} of a blocked event loop`)
  if (eventLoopTimeoutMs === 0 && !silence) said.push('never ended for a blocked event loop')
  const weak = loops.filter((clock) => clock.requestsOnly).map(({ name }) => name)
  if (weak.length > 0)
    said.push(`not ended for a loop that is lost between two requests: ${weak.slice(0, MAX_NAMES).join(', ')}`)
  if (loops.length === 0) said.push('not ended for work that waits for ever: that takes a poll loop or heartbeat()')
  return said
}
