/**
 * Keeps bundles within their disk space: the oldest go first, the newest sealed one never, nor one that is being
 * written. Touches only folders with names of ours. Several workers may do this in one folder at once.
 */
import { renameSync, statSync } from 'node:fs'
import path from 'node:path'
import { removeFolder } from '../platform/files/remove-folder.js'
import { readNamespace } from '../platform/procfs/process.js'
import { DELETING_SUFFIX, parseFolderName, type OpenedRecord } from './bundle-format.js'
import { folderBytes, listBundles, readNames, type BundleEntry } from './bundle-list.js'
import { readBundle } from './bundle-reader.js'

export interface RetentionOptions {
  readonly directory: string
  readonly maxBytes: number
  /** Only what is older than this, ms; all ages when left out. */
  readonly olderThanMs?: number
  /** Say what would go; remove nothing. */
  readonly dryRun?: boolean
  /** Ids of bundles that are yet to be delivered: they go last, and for their age alone never. */
  readonly waiting?: ReadonlySet<string>
  /** Whether the process that writes a partial bundle still lives. */
  readonly isAlive: (writer: OpenedRecord['writer']) => boolean
  readonly now?: () => number
}

export interface RetentionResult {
  readonly removed: readonly BundleEntry[]
  readonly kept: readonly BundleEntry[]
  readonly keptBytes: number
  /** What could not be removed and why, one sentence each. */
  readonly failures: readonly string[]
}

/** A partial bundle younger than this may be one whose first file is not there yet. */
const YOUNG_MS = 60_000
/** Longer than any step of a capture: nothing new for so long means that its writer is gone. */
const QUIET_MS = 600_000

export function applyRetention(options: RetentionOptions): RetentionResult {
  const now = (options.now ?? Date.now)()
  const failures: string[] = []
  if (options.dryRun !== true) removeRemains(options.directory, failures)
  const entries = listBundles([options.directory])
  const newestSealed = entries.find((entry) => entry.state === 'sealed')
  const removed: BundleEntry[] = []
  let keptBytes = entries.reduce((sum, entry) => sum + entry.sizeBytes, 0)
  const isWaiting = ({ id }: BundleEntry): boolean => options.waiting?.has(id) ?? false
  const oldestFirst = entries.toReversed()
  for (const entry of [...oldestFirst.filter((each) => !isWaiting(each)), ...oldestFirst.filter(isWaiting)]) {
    const isOld = options.olderThanMs !== undefined && now - entry.createdAtMs > options.olderThanMs
    const tooOld = isOld && !isWaiting(entry)
    if (keptBytes <= options.maxBytes && !tooOld) continue
    if (entry === newestSealed || (entry.state === 'partial' && isBeingWritten(entry, options.isAlive, now))) continue
    if (options.dryRun !== true && !remove(entry.path, entry.id, failures)) continue
    removed.push(entry)
    keptBytes -= entry.sizeBytes
  }
  return { removed, kept: entries.filter((entry) => !removed.includes(entry)), keptBytes, failures }
}

/** A writer in another pid namespace can't be looked up: its folder's last change has to tell. */
export function isBeingWritten(entry: BundleEntry, isAlive: RetentionOptions['isAlive'], now: number): boolean {
  try {
    const { writer } = readBundle(entry.path)
    if (writer === null) return now - entry.createdAtMs < YOUNG_MS
    const elsewhere = (writer.pidNamespace ?? null) !== readNamespace('/proc/self', 'pid')
    return elsewhere ? now - statSync(entry.path).mtimeMs < QUIET_MS : isAlive(writer)
  } catch {
    // Sealed or removed in between, or unreadable: leave it alone while it could still be in use.
    return now - entry.createdAtMs < YOUNG_MS
  }
}

/** Renamed first, so that a crash in the middle leaves no bundle that looks whole. */
function remove(folder: string, id: string, failures: string[]): boolean {
  const doomed = path.join(path.dirname(folder), id + DELETING_SUFFIX)
  try {
    renameSync(folder, doomed)
    removeFolder(doomed)
    return true
  } catch (thrown) {
    // Another worker removing the same one is no failure.
    if (folderBytes(folder) !== null)
      failures.push(`${folder}: ${thrown instanceof Error ? thrown.message : String(thrown)}`)
    return false
  }
}

/** What an earlier removal left when it was cut off. */
function removeRemains(directory: string, failures: string[]): void {
  for (const name of readNames(directory)) {
    if (parseFolderName(name)?.state !== 'deleting') continue
    try {
      removeFolder(path.join(directory, name))
    } catch (thrown) {
      failures.push(`${name}: ${thrown instanceof Error ? thrown.message : String(thrown)}`)
    }
  }
}
