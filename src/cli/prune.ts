/** `conductor-diag prune`: old bundles away, by size or age; the newest and those being written stay. */
import type { Command } from 'commander'
import { applyRetention, type RetentionResult } from '../incident/retention.js'
import { isWriterAlive } from '../incident/writer-alive.js'
import { formatBytes, plural } from '../model/amounts.js'
import { waitingIncidents } from '../sinks/outbox/orders.js'
import { addFolderOption, bundleFolders, type FolderOptions } from './bundle-folders.js'
import { EXIT } from './exit-codes.js'
import { printJson, printLine, printNote, printOut } from './output.js'
import { numberIn } from './parse-options.js'
import { examples } from './examples.js'

interface PruneOptions extends FolderOptions {
  readonly json?: boolean
  readonly dryRun?: boolean
  readonly maxMb?: number
  readonly olderThan?: number
}

const DAY_MS = 86_400_000

export function register(program: Command): void {
  const command = program
    .command('prune')
    .description('remove the oldest bundles beyond a size or an age; never the newest, nor one being written')
    .addHelpText('after', examples('prune --dry-run', 'prune --max-mb 100 --older-than 30'))
    .option(
      '--max-mb <megabytes>',
      'keep at most so much in each folder (default: CONDUCTOR_STALL_MAX_DISK_MB)',
      numberIn({}),
    )
    .option('--older-than <days>', 'remove all older ones too', numberIn({}))
    .option('--dry-run', 'say what would go, remove nothing')
    .option('--json', 'as JSON')
  addFolderOption(command).action((options: PruneOptions) => prune(options))
}

function prune(options: PruneOptions): void {
  const { folders, settings } = bundleFolders(options)
  const maxBytes = options.maxMb === undefined ? settings.maxDiskBytes : options.maxMb * 2 ** 20
  const results = folders.map((directory) =>
    applyRetention({
      directory,
      maxBytes,
      ...(options.olderThan === undefined ? {} : { olderThanMs: options.olderThan * DAY_MS }),
      dryRun: options.dryRun ?? false,
      isAlive: isWriterAlive,
      waiting: waitingIncidents(directory),
    }),
  )
  const removed = results.flatMap((result) => result.removed)
  const failures = results.flatMap((result) => result.failures)
  if (options.json) {
    const kept = results.flatMap((result) => result.kept.map((entry) => entry.id))
    printJson({ schema: 1, dryRun: options.dryRun ?? false, removed, kept, keptBytes: keptBytes(results), failures })
  } else {
    for (const entry of removed) printOut(`${entry.id}  ${formatBytes(entry.sizeBytes)}\n`)
    const verb = options.dryRun ? 'would remove' : 'removed'
    const freed = removed.reduce((sum, entry) => sum + entry.sizeBytes, 0)
    printNote(
      `${verb} ${plural(removed.length, 'bundle')} (${formatBytes(freed)}), ${formatBytes(keptBytes(results))} kept\n`,
    )
  }
  for (const failure of failures) printLine(`conductor-diag: could not remove ${failure}`)
  if (failures.length > 0) process.exitCode = EXIT.permission
}

function keptBytes(results: readonly RetentionResult[]): number {
  return results.reduce((sum, result) => sum + result.keptBytes, 0)
}
