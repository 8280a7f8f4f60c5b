/** `conductor-diag show ID`: one incident for a person. */
import type { Command } from 'commander'
import { findBundle } from '../incident/bundle-list.js'
import { readBundle } from '../incident/bundle-reader.js'
import { renderIncident } from '../report/incident-text.js'
import { wantsColor } from '../report/terminal.js'
import { addFolderOption, bundleFolders, type FolderOptions } from './bundle-folders.js'
import { printJson, printOut } from './output.js'

interface ShowOptions extends FolderOptions {
  readonly json?: boolean
  readonly verbose?: boolean
}

export function register(program: Command): void {
  const command = program
    .command('show')
    .description('one incident: verdict, place, chain, clocks, artifacts, what is missing and why, cost')
    .argument('[id]', 'its id, the beginning of it, a path, or latest', 'latest')
    .option('--json', 'the manifest, as JSON')
    .option('-v, --verbose', 'the whole chain and every clock')
  addFolderOption(command).action((id: string, options: ShowOptions) => show(id, options))
}

function show(id: string, options: ShowOptions): void {
  const entry = findBundle(bundleFolders(options).folders, id)
  const { manifest, path, state } = readBundle(entry.path)
  if (options.json) {
    printJson({ ...manifest, path, state })
    return
  }
  const color = wantsColor(process.stdout, process.env)
  printOut(renderIncident({ manifest, path, state }, { color, verbose: options.verbose ?? false }))
}
