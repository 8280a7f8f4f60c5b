/** Tells, at the start of a worker, how the one before it ended. Costs a directory listing where nothing was left. */
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { Worker } from 'node:worker_threads'
import { CONFIG_FILE_VARIABLE, type Settings } from '../../config/settings-table.js'
import { parseFolderName } from '../../incident/bundle-format.js'
import { bundleDirectories, type DirectoryCandidate } from '../../incident/directory.js'
import type { Logger } from '../../log/logger.js'
import type { Tombstone } from '../../model/incident.js'
import { isRemote, mountOf } from '../../platform/procfs/mounts.js'
import type { BootReport, BootThreadData } from '../short-threads/boot-thread.js'
import { threadOptions } from '../shared/worker-environment.js'

/** Longer than any disk that works needs. */
const LIMIT_MS = 20_000

/** @param found gets what the watchdog has ended before, once that is read */
export function reportPreviousRuns(
  settings: Settings,
  logger: Logger,
  found: (tombstones: readonly Tombstone[]) => void = () => undefined,
): void {
  const directories = bundleDirectories(process.env, settings.dir)
  const delivers = settings.sinkTo !== null || (process.env[CONFIG_FILE_VARIABLE] ?? '').trim() !== ''
  if (!directories.some((directory) => mayHoldSomething(directory, delivers))) return
  const data: BootThreadData = { dir: settings.dir, maxDiskBytes: settings.maxDiskBytes, delivers }
  const worker = new Worker(path.join(__dirname, '../short-threads/boot-thread.js'), threadOptions('stall-boot', data))
  const limit = setTimeout(() => void worker.terminate(), LIMIT_MS)
  worker.on('message', (report: BootReport) => {
    tell(report, logger)
    if (report.tombstones.length > 0) found(report.tombstones)
  })
  worker.on('error', (error) => logger.warn('what earlier workers left could not be read', { err: error }))
  worker.on('exit', () => clearTimeout(limit))
}

function tell({ tombstones, sealed, failures }: BootReport, logger: Logger): void {
  for (const tombstone of tombstones) {
    logger.warn(aboutTombstone(tombstone), { event: 'ended-before', tombstone })
  }
  for (const bundle of sealed) logger.info(`sealed what a killed worker left: ${bundle}`, { event: 'sealed', bundle })
  for (const failure of failures) logger.warn(failure)
}

function aboutTombstone({ pid, endedAt, reason, verdict, incident }: Tombstone): string {
  const about = verdict === null ? 'no verdict' : verdict
  return `process ${pid} was ended by the watchdog at ${endedAt}: ${reason}; ${about}; incident ${incident ?? 'none'}`
}

/** Names that something has to be done about. On a disk that may hang for ever nobody asks but the boot thread. */
function mayHoldSomething({ path: folder }: DirectoryCandidate, delivers: boolean): boolean {
  if (isRemote(mountOf(folder))) return true
  if (delivers && namesIn(path.join(folder, 'outbox/orders')).length > 0) return true
  return namesIn(folder).some((name) => name.startsWith('tombstone-') || parseFolderName(name)?.state === 'partial')
}

/** Not through incident/bundle-list.ts: what that loads would stay in the watch thread's memory for ever. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    // Not there, or not to be read: nothing is known to be left.
    return []
  }
}
