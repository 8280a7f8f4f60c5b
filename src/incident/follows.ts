/**
 * One wedge is one incident: a process whose event loop stands still is captured after seconds, and again when its poll
 * loop has been silent for minutes. The later capture says which one was the first.
 */
import type { IncidentManifest } from '../model/incident.js'
import { parseFolderName } from './bundle-format.js'
import { readNames } from './bundle-list.js'
import { readBundle } from './bundle-reader.js'
import path from 'node:path'

type Captured = Pick<IncidentManifest, 'id' | 'process' | 'stall' | 'follows'>

/** Whether `later` captured a silence that lasted already when `earlier` was captured. */
export function isSameSilence(earlier: Captured, later: Captured): boolean {
  const { stall } = later
  if (earlier.stall === null || stall === null || earlier.id >= later.id) return false
  // Nobody's clock decided these: an age of 0 says nothing.
  if (stall.trigger === 'manual' || earlier.stall.trigger === 'manual') return false
  if (earlier.process.pid !== later.process.pid || earlier.process.startTime !== later.process.startTime) return false
  if (earlier.process.startTicks !== later.process.startTicks) return false
  return stall.noticedAt - stall.ageMs <= earlier.stall.noticedAt
}

/** How many bundles of a folder are read for it, newest first: it happens while a worker is stalled. */
const LOOK_BACK = 8

/** The id of the first capture of the same silence in this folder; null when there is none. Never throws. */
export function findFollowed(directory: string, later: Captured): string | null {
  if (later.stall === null || later.stall.trigger === 'manual') return null
  try {
    const sealed = readNames(directory)
      .filter((name) => parseFolderName(name)?.state === 'sealed' && name < later.id)
      .sort()
      .slice(-LOOK_BACK)
    for (const name of sealed.toReversed()) {
      const earlier = manifestOf(path.join(directory, name))
      if (earlier !== null && isSameSilence(earlier, later)) return earlier.follows ?? earlier.id
    }
  } catch {
    // A folder that can't be listed: the incident stands by itself.
  }
  return null
}

function manifestOf(folder: string): IncidentManifest | null {
  try {
    return readBundle(folder).manifest
  } catch {
    // Damaged: it can't be said what it captured.
    return null
  }
}
