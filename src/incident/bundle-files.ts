/**
 * What each JSON file of a bundle holds. The JSON Schemas in `schemas/` and the code that checks files against them are
 * made from this (`npm run schemas`), comments included, so that they say what the code says.
 */
import type { AwaitNode, AwaitRoot, AwaitTree } from '../model/await.js'
import type { ConnectionWatch } from '../model/connection-watch.js'
import type { Evidence, FreshConnection } from '../model/evidence.js'
import type { ServerAnswer } from '../model/server-view.js'
import type { HeapState } from '../model/heap.js'
import type { ClockReading } from '../model/heartbeat.js'
import type { IncidentManifest, Tombstone } from '../model/incident.js'
import type { KernelState } from '../model/kernel.js'
import type { LookParts } from '../model/look.js'
import type { PoolState, Starvation } from '../model/loop.js'
import type { Retained } from '../model/retained.js'
import type { StackSamples } from '../model/samples.js'
import type { SocketState } from '../model/socket.js'
import type { SourceExcerpts } from '../model/source-excerpt.js'
import type { ThreadStack } from '../model/thread.js'
import type { OpenedRecord } from './bundle-format.js'

/** V8's own CPU profile (Profiler.Profile), as `.cpuprofile` files have it. */
interface CpuProfileFile {
  readonly nodes: readonly CpuProfileFileNode[]
  /** Microseconds. */
  readonly startTime: number
  readonly endTime: number
  /** Node ids, one a sample. */
  readonly samples?: readonly number[]
  /** Microseconds between samples. */
  readonly timeDeltas?: readonly number[]
}

interface CpuProfileFileNode {
  readonly id: number
  readonly callFrame: {
    readonly functionName: string
    readonly url: string
    /** From 0. */
    readonly lineNumber: number
    readonly columnNumber: number
  }
  readonly hitCount?: number
  readonly children?: readonly number[]
}

/** By file name; `look-N` stands for `look-1`, `look-2` and so on. */
export interface BundleFiles {
  readonly 'incident.json': IncidentManifest
  readonly 'opened.json': OpenedRecord
  readonly 'tombstone.json': Tombstone
  readonly 'evidence.json': Evidence
  readonly 'threads.json': readonly ThreadStack[]
  readonly 'awaits.json': readonly AwaitNode[]
  readonly 'await-roots.json': readonly AwaitRoot[]
  readonly 'sockets.json': readonly SocketState[]
  readonly 'clocks.json': readonly ClockReading[]
  readonly 'environment.json': Readonly<Record<string, string>>
  readonly 'sources.json': SourceExcerpts
  readonly 'samples.json': StackSamples
  readonly 'connections.json': readonly ConnectionWatch[]
  readonly 'retained.json': Retained
  readonly 'server-view.json': readonly ServerAnswer[]
  readonly 'fresh-connections.json': readonly FreshConnection[]
  readonly 'cpu.cpuprofile': CpuProfileFile
  readonly 'look-N-kernel.json': KernelState
  readonly 'look-N-stacks.json': readonly ThreadStack[]
  readonly 'look-N-awaits.json': AwaitTree
  readonly 'look-N-pool.json': PoolState
  readonly 'look-N-heap.json': HeapState
  readonly 'look-N-starvation.json': Starvation
  readonly 'look-N-debugger.json': LookParts['debugger']
}
