/** `conductor-diag attach ID --to jira:OPS-123`: a bundle to a ticket, a store, or whoever should know. */
import path from 'node:path'
import type { Command } from 'commander'
import { readSettingsWithFile } from '../config/settings-file.js'
import { findBundle } from '../incident/bundle-list.js'
import { addFolderOption, bundleFolders, type FolderOptions } from './bundle-folders.js'
import { collect } from './collect.js'
import { examples } from './examples.js'

interface AttachOptions extends FolderOptions {
  readonly to: readonly string[]
  readonly dryRun?: boolean
  readonly json?: boolean
}

export function register(program: Command): void {
  const command = program
    .command('attach')
    .description('a bundle to a ticket, a store, or whoever should know; prints the link')
    .addHelpText(
      'after',
      examples(
        'attach latest --to rt',
        'attach 01M89Y --to s3 --to jira:OPS-123',
        'attach latest --to github --dry-run',
      ),
    )
    .argument('[id]', 'its id, the beginning of it, a path, or latest', 'latest')
    .requiredOption('--to <destination>', 'where to; may be given several times', collect)
    .option('--dry-run', 'print exactly what would be sent, and send nothing')
    .option('--json', 'as JSON')
  addFolderOption(command).action(async (id: string, options: AttachOptions) => {
    const folder = id.includes('/') ? path.resolve(id) : findBundle(bundleFolders(options).folders, id).path
    // Only here: what delivers loads an HTTP client.
    const { attachBundle } = await import('./attach-bundle.js')
    process.exitCode = await attachBundle({
      folder,
      to: options.to,
      env: readSettingsWithFile(process.env).env,
      json: options.json ?? false,
      dryRun: options.dryRun ?? false,
    })
  })
}
