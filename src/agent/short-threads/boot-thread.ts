/**
 * Once at the start of a worker, where earlier ones left something: it hands over the tombstones, so that the log tells
 * why the worker was restarted, and seals what a killed worker left unsealed. A thread of its own, since a disk may hang.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { bundleDirectories, existingDirectories } from '../../incident/directory.js'
import { consumeTombstones, isForStart } from '../../incident/tombstone.js'
import type { Tombstone } from '../../model/incident.js'
import { deliverWhatWaits } from '../shared/deliver-later.js'
import { programOf } from '../shared/worker-environment.js'
import { keepWithin, sealAllLeftovers } from './housekeeping.js'

export interface BootThreadData {
  /** The setting `dir`. */
  readonly dir: string | null
  readonly maxDiskBytes: number
  /** Whether incidents are delivered anywhere. */
  readonly delivers: boolean
}

export interface BootReport {
  readonly tombstones: readonly Tombstone[]
  readonly sealed: readonly string[]
  readonly failures: readonly string[]
}

const { dir, maxDiskBytes, delivers } = workerData as BootThreadData
const directories = bundleDirectories(process.env, dir)
const start = { program: programOf(), run: process.env['CONDUCTOR_STALL_RUN'] ?? null }
const tombstones = consumeTombstones(existingDirectories(directories), (tombstone) => isForStart(tombstone, start))
const { sealed, failures } = sealAllLeftovers(directories)
const kept = keepWithin(directories, maxDiskBytes)
parentPort?.postMessage({ tombstones, sealed, failures: [...failures, ...kept] } satisfies BootReport)
if (delivers) deliverWhatWaits(existingDirectories(directories), sealed, process.env)
