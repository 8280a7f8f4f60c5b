/** Why a worker ended: the kernel's word, joined with the tombstone and the incident that the watchdog left. */
import path from 'node:path'
import { findBundle } from '../incident/bundle-list.js'
import { readBundle } from '../incident/bundle-reader.js'
import { readTombstones } from '../incident/tombstone.js'
import type { Tombstone } from '../model/incident.js'
import type { EndedWorker } from './events.js'
import { exitCodeOf, type WorkerEnd } from './worker-process.js'

/**
 * @param directories where tombstones and bundles may be
 * @param run the name that the worker was started under
 */
export function explainEnd(end: WorkerEnd, run: string, directories: readonly string[]): EndedWorker {
  const tombstone = readTombstones(directories).find((found) => found.tombstone.run === run)?.tombstone ?? null
  const { pid, code, signal, aliveMs } = end
  return {
    pid,
    code,
    signal,
    // A wrapper (npm) reports the end of the process below it with a code of its own.
    exitCode: tombstone?.exitCodeMeant ?? exitCodeOf(end),
    aliveMs: Math.round(aliveMs),
    watchdog: tombstone && describe(tombstone, directories),
  }
}

function describe(tombstone: Tombstone, directories: readonly string[]): EndedWorker['watchdog'] {
  const { reason, incident, verdict } = tombstone
  const bundle = incident === null ? null : bundleFolder(directories, incident)
  return { reason, incident, verdict, bundle, place: bundle === null ? null : placeIn(bundle) }
}

function bundleFolder(directories: readonly string[], incident: string): string | null {
  try {
    return findBundle(directories, incident).path
  } catch {
    // Taken away by retention, or never sealed: its id is all there is to tell.
    return null
  }
}

function placeIn(bundle: string): string | null {
  try {
    const where = readBundle(bundle).manifest.verdicts[0]?.where
    if (!where) return null
    return `${where.function ?? '(anonymous)'} (${path.relative(process.cwd(), where.file) || where.file}:${where.line})`
  } catch {
    // A manifest that can't be read: `conductor-diag verify` says what is wrong with it.
    return null
  }
}
