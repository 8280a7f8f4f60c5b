/** `conductor-diag show ID`: one incident for a person. */
import type { Command } from 'commander'
import { findBundle } from '../incident/bundle-list.js'
import { readBundle, verifyBundle } from '../incident/bundle-reader.js'
import { renderIncident } from '../report/incident-text.js'
import { printable, wantsColor } from '../report/terminal.js'
import { addFolderOption, bundleFolders, type FolderOptions } from './bundle-folders.js'
import { EXIT } from './exit-codes.js'
import { printJson, printNote, printOut } from './output.js'
import { examples } from './examples.js'

interface ShowOptions extends FolderOptions {
  readonly json?: boolean
  readonly verbose?: boolean
}

export function register(program: Command): void {
  const command = program
    .command('show')
    .description('one incident: verdict, place, chain, clocks, artifacts, what is missing and why, cost')
    .addHelpText('after', examples('show latest', 'show 01M89Y -v'))
    .argument('[id]', 'its id, the beginning of it, a path, or latest', 'latest')
    .option('--json', 'the manifest, as JSON')
    .option('-v, --verbose', 'the whole chain and every clock')
  addFolderOption(command).action((id: string, options: ShowOptions) => {
    process.exitCode = show(id, options)
  })
}

/** What can be shown is shown; damage is told, and makes the exit code 65. */
function show(id: string, options: ShowOptions): number {
  const entry = findBundle(bundleFolders(options).folders, id)
  const { manifest, path, state } = readBundle(entry.path)
  const { problems } = verifyBundle(entry.path)
  if (options.json) printJson({ ...manifest, path, state, problems })
  else {
    const color = wantsColor(process.stdout, process.env)
    printOut(renderIncident({ manifest, path, state }, { color, verbose: options.verbose ?? false }))
    for (const { artifact, message } of problems) {
      printNote(`conductor-diag: ${printable(artifact)} ${printable(message)} (ERR_STALL_BUNDLE_CORRUPT)\n`)
    }
  }
  return problems.length === 0 ? EXIT.ok : EXIT.corruptBundle
}
