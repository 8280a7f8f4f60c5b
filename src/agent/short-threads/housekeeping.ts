/** What a folder of bundles needs now and then: unsealed ones of killed workers sealed, the oldest removed. */
import { existingDirectories, type DirectoryCandidate } from '../../incident/directory.js'
import type { OpenedRecord } from '../../incident/bundle-format.js'
import { sealLeftovers } from '../../incident/leftovers.js'
import { applyRetention } from '../../incident/retention.js'
import { readStat } from '../../platform/procfs/stat.js'
import { waitingIncidents } from '../../sinks/outbox/orders.js'

/** Whether the very process that began a bundle still runs; a pid may have been given to another since. */
export function isWriterAlive(writer: OpenedRecord['writer']): boolean {
  try {
    const { startTicks } = readStat(`/proc/${writer.pid}`)
    return writer.startTicks === null || startTicks === writer.startTicks
  } catch {
    // No such process.
    return false
  }
}

/** Removes the oldest bundles beyond `maxBytes`. @returns what could not be removed, one sentence each */
export function keepWithin(directories: readonly DirectoryCandidate[], maxBytes: number): string[] {
  return existingDirectories(directories).flatMap(
    (directory) =>
      applyRetention({ directory, maxBytes, isAlive: isWriterAlive, waiting: waitingIncidents(directory) }).failures,
  )
}

/** Seals what killed workers left. @returns the sealed folders, and what went wrong, one sentence each */
export function sealAllLeftovers(directories: readonly DirectoryCandidate[]): { sealed: string[]; failures: string[] } {
  const results = existingDirectories(directories).map((directory) => sealLeftovers(directory, isWriterAlive))
  return {
    sealed: results.flatMap(({ sealed }) => sealed.map((entry) => entry.path)),
    failures: results.flatMap(({ failures }) => failures),
  }
}
