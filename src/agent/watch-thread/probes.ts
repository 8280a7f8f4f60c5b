/** The thread that answers probes, as the watch thread holds it: only where a port is configured, and never waited for. */
import path from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Settings } from '../../config/settings-table.js'
import type { Logger } from '../../log/logger.js'
import type { FromProbes, ProbesThreadData, ToProbes } from '../probes-thread/probe-messages.js'
import { threadOptions } from '../shared/worker-environment.js'

/** One that ends (its memory limit) is started anew, so often. */
const MAX_STARTS = 5
const START_AGAIN_MS = 10_000

export class Probes {
  private readonly settings: Settings
  private readonly logger: Logger
  private readonly clocks: SharedArrayBuffer
  private worker: Worker | null = null
  private starts = 0
  private leaving = false

  constructor(settings: Settings, logger: Logger, clocks: SharedArrayBuffer) {
    this.settings = settings
    this.logger = logger
    this.clocks = clocks
  }

  /** Nothing, where no port is configured. */
  start(): void {
    if (this.settings.probesPort === 0 || this.starts >= MAX_STARTS) return
    this.starts += 1
    try {
      const data: ProbesThreadData = { clocks: this.clocks }
      const worker = new Worker(path.join(__dirname, '../probes-thread/probes-thread.js'), {
        ...threadOptions('stall-probes', data),
        resourceLimits: { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 32 },
      })
      worker.unref()
      worker.on('message', (message: FromProbes) => this.hear(message))
      worker.on('error', (error) => this.logger.warn(`the probes failed: ${error.message}`, { event: 'probes' }))
      worker.on('exit', () => {
        this.worker = null
        setTimeout(() => this.start(), START_AGAIN_MS).unref()
      })
      this.worker = worker
      if (this.leaving) this.tell({ type: 'state', leaving: true })
    } catch (thrown) {
      this.logger.warn(`the probes can't start: ${String(thrown)}`, { event: 'probes' })
    }
  }

  tell(message: ToProbes): void {
    this.worker?.postMessage(message)
  }

  /** Told when it changes. */
  setLeaving(leaving: boolean): void {
    if (leaving === this.leaving) return
    this.leaving = leaving
    this.tell({ type: 'state', leaving })
  }

  private hear(message: FromProbes): void {
    if (message.type === 'listening') {
      const { host, port } = message
      const at = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
      this.logger.info(`probes: /livez and /readyz on ${at}`, { event: 'probes', host, port })
    } else this.logger.warn(`no probes: ${message.why}`, { event: 'probes' })
  }
}
