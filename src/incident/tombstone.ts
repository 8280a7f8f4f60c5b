/**
 * A note left before the watchdog ends a process: who, why, which incident. The next boot logs it, the supervisor
 * takes the meant exit code from it. One small file a process beside the bundles.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync, renameSync } from 'node:fs'
import path from 'node:path'
import { INCIDENT_SCHEMA, type Tombstone } from '../model/incident.js'
import { prepareDirectory, type DirectoryCandidate } from './directory.js'
import { readNames } from './bundle-list.js'
import { unlinkQuietly, writeDurably } from './durable-file.js'
import { StallError, toStallError } from '../model/stall-error.js'

const FILE_NAME = /^tombstone-(\d+)-(\d+)\.json$/
const MAX_BYTES = 65_536
/** Enough for a crash loop over a night; older ones are not news. */
const MAX_FILES = 100
const MAX_AGE_MS = 7 * 86_400_000

export interface FoundTombstone {
  readonly file: string
  readonly tombstone: Tombstone
}

/** Writes to the first folder that takes it and returns the file; an error when none does. Never throws. */
export function writeTombstone(directories: readonly DirectoryCandidate[], tombstone: Tombstone): string | StallError {
  let last = new StallError('ERR_STALL_DIR_UNWRITABLE', 'no folder was named for the tombstone')
  for (const candidate of directories) {
    try {
      prepareDirectory(candidate)
      const name = `tombstone-${tombstone.pid}-${Date.parse(tombstone.endedAt) || Date.now()}.json`
      writeDurably(candidate.path, name, `${JSON.stringify(tombstone)}\n`)
      return path.join(candidate.path, name)
    } catch (thrown) {
      last = toStallError(thrown, 'ERR_STALL_DIR_UNWRITABLE')
    }
  }
  return last
}

/** All that are there, newest first; unreadable ones are left out. Takes nothing away. */
export function readTombstones(directories: readonly string[]): FoundTombstone[] {
  const found: FoundTombstone[] = []
  for (const directory of directories) {
    for (const name of readNames(directory)) {
      if (!FILE_NAME.test(name)) continue
      const tombstone = parse(path.join(directory, name))
      if (tombstone !== null) found.push({ file: path.join(directory, name), tombstone })
    }
  }
  return found.sort((a, b) => b.tombstone.endedAt.localeCompare(a.tombstone.endedAt))
}

/**
 * For the next boot: those that match, taken away so that each is told once, also when several processes boot
 * together. Old ones go without being told.
 */
export function consumeTombstones(
  directories: readonly string[],
  matches: (tombstone: Tombstone) => boolean = () => true,
  now: () => number = Date.now,
): Tombstone[] {
  const told: Tombstone[] = []
  for (const [index, { file, tombstone }] of readTombstones(directories).entries()) {
    const stale = now() - Date.parse(tombstone.endedAt) > MAX_AGE_MS || index >= MAX_FILES
    if (!stale && !matches(tombstone)) continue
    // Whoever renames it tells it.
    const taken = `${file}.${process.pid}.taken`
    try {
      renameSync(file, taken)
    } catch {
      // Another process was first.
      continue
    }
    unlinkQuietly(taken)
    if (!stale) told.push(tombstone)
  }
  return told
}

/** A supervisor has read it long before, even one that gets next to no CPU. */
const SUPERVISOR_READS_WITHIN_MS = 5 * 60_000

/**
 * Whether a start may take it away. Workers side by side under one `conductor-diag run` share a program and a folder, and
 * their supervisor reads the tombstone only when the process is gone: to a start in another place it is no news before that.
 *
 * @param start of the process that asks; `run` is its `CONDUCTOR_STALL_RUN`, null without a supervisor
 */
export function isForStart(
  { program, run, endedAt }: Pick<Tombstone, 'program' | 'run' | 'endedAt'>,
  start: { readonly program: string | null; readonly run: string | null },
  now: () => number = Date.now,
): boolean {
  if (program !== undefined && program !== start.program) return false
  if (run === undefined || (start.run !== null && placeOf(run) === placeOf(start.run))) return true
  return now() - Date.parse(endedAt) > SUPERVISOR_READS_WITHIN_MS
}

/** A name without the count of starts at its end: which supervisor, and which of its workers. */
function placeOf(run: string): string {
  return run.replace(/-\d+$/, '')
}

/** The newest of one process, for the supervisor; null when there is none. Proof against pid reuse needs the start time. */
export function tombstoneOf(directories: readonly string[], pid: number, startTime?: string): Tombstone | null {
  const mine = readTombstones(directories).find(
    ({ tombstone }) => tombstone.pid === pid && (startTime === undefined || tombstone.startTime === startTime),
  )
  return mine?.tombstone ?? null
}

function parse(file: string): Tombstone | null {
  try {
    const fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    try {
      const stats = fstatSync(fd)
      if (!stats.isFile() || stats.size > MAX_BYTES) return null
      const value: unknown = JSON.parse(readFileSync(fd, 'utf8'))
      return isTombstone(value) ? value : null
    } finally {
      closeSync(fd)
    }
  } catch {
    // Taken by another process since it was listed, or no JSON: nothing to tell.
    return null
  }
}

function isTombstone(value: unknown): value is Tombstone {
  if (typeof value !== 'object' || value === null) return false
  const { schema, pid, endedAt, reason } = value as Partial<Record<keyof Tombstone, unknown>>
  return (
    typeof schema === 'number' &&
    schema <= INCIDENT_SCHEMA &&
    typeof pid === 'number' &&
    typeof reason === 'string' &&
    typeof endedAt === 'string' &&
    !Number.isNaN(Date.parse(endedAt))
  )
}
