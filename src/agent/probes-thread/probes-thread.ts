/**
 * The thread that answers probes: started by the watch thread where a port is configured, and only there. It reads the
 * clocks in shared memory itself, so that its answers need neither the main thread nor the watch thread. It opens no
 * file. Nothing may import it.
 */
import type http from 'node:http'
import { parentPort, workerData } from 'node:worker_threads'
import { readSettings } from '../../config/settings.js'
import { ClockReader, type ObservedClock } from '../../heartbeat/clock-reader.js'
import { VERSION } from '../../model/version.js'
import { ForgivenClocks } from '../../watch/forgiven-clocks.js'
import { healthOf, type Health } from '../../watch/health.js'
import { metricsText } from './metrics.js'
import type { FromProbes, ProbesThreadData, ToProbes } from './probe-messages.js'
import { createProbeServer } from './probe-server.js'
import { portOf } from './probe-place.js'
import { Tally } from './tally.js'

/** Somebody else has the port, the worker before this one perhaps. */
const TRY_AGAIN_MS = 5000
const FOLLOW_EVERY_MS = 1000

class Probes {
  private readonly settings = readSettings(process.env).settings
  private readonly reader: ClockReader
  private readonly tally = new Tally()
  private leaving = false
  private readonly forgiven = new ForgivenClocks()
  /** What this thread saw itself: a watch thread that stands still would let every age grow. */
  private readonly beats = new Map<string, { beats: number; atMs: number }>()
  private complained = false

  constructor(clocks: SharedArrayBuffer) {
    this.reader = new ClockReader(clocks)
  }

  begin(): void {
    setInterval(() => this.clocks(), FOLLOW_EVERY_MS)
    this.listen()
  }

  hear(message: ToProbes): void {
    switch (message.type) {
      case 'incident':
        this.tally.incident(message.note)
        return
      case 'state':
        this.leaving = message.leaving
        return
      case 'suppressed':
        this.tally.suppressed += 1
        return
      case 'ended-before':
        this.tally.runsBefore(message.tombstones)
        return
      case 'forgiven':
        this.forgiven.forgive(message.clock, this.reader.observe())
    }
  }

  private listen(): void {
    const { probesPort, probesHost, probesToken } = this.settings
    const port = portOf(probesPort, process.env['CONDUCTOR_STALL_WORKER'])
    const server: http.Server = createProbeServer({
      token: probesToken,
      answers: {
        health: () => this.health(this.clocks()),
        metrics: () => this.metrics(),
        incidents: () => ({ incidents: this.tally.notes, endedBefore: this.tally.before }),
      },
    })
    server.on('error', (error) => {
      if (!this.complained) tell({ type: 'failed', why: error.message })
      this.complained = true
      setTimeout(() => this.listen(), TRY_AGAIN_MS)
    })
    server.listen(port, probesHost, () => tell({ type: 'listening', port, host: probesHost }))
  }

  private clocks(): ObservedClock[] {
    const now = performance.now()
    const clocks = this.reader.observe().map((clock) => {
      const key = `${clock.index} ${clock.generation}`
      const last = this.beats.get(key)
      if (last?.beats !== clock.beats) this.beats.set(key, { beats: clock.beats, atMs: now })
      const sinceMs = now - (this.beats.get(key)?.atMs ?? now)
      const seenMs = last === undefined ? clock.ageMs : Math.min(clock.ageMs, sinceMs + FOLLOW_EVERY_MS)
      return { ...clock, ageMs: seenMs, quietMs: Math.max(0, clock.quietMs - (clock.ageMs - seenMs)) }
    })
    const known = new Set(clocks.map((clock) => `${clock.index} ${clock.generation}`))
    for (const key of this.beats.keys()) if (!known.has(key)) this.beats.delete(key)
    return clocks
  }

  private health(clocks: readonly ObservedClock[]): Health {
    return healthOf(clocks, this.settings, {
      leaving: this.leaving,
      anyLoopSeen: this.reader.anyLoopSeen,
      forgiven: this.forgiven.names(clocks),
    })
  }

  private metrics(): string {
    const clocks = this.clocks()
    const { service, version } = this.settings
    return metricsText({
      clocks,
      tally: this.tally,
      health: this.health(clocks),
      wallMs: Date.now(),
      build: { version: VERSION, node: process.version, service: service ?? '', service_version: version ?? '' },
    })
  }
}

function tell(message: FromProbes): void {
  parentPort?.postMessage(message)
}

const probes = new Probes((workerData as ProbesThreadData).clocks)
// An error in one answer must not be the end of all answers.
process.on('uncaughtException', (error) => tell({ type: 'failed', why: error.message }))
parentPort?.on('message', (message: ToProbes) => probes.hear(message))
probes.begin()
