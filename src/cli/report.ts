/** `conductor-diag report ID`: one incident as a page that loads nothing. */
import type { Command } from 'commander'
import { findBundle } from '../incident/bundle-list.js'
import { pageOf } from '../export/page/page-of-bundle.js'
import { formatBytes } from '../model/amounts.js'
import { addFolderOption, bundleFolders, type FolderOptions } from './bundle-folders.js'
import { examples } from './examples.js'
import { printJson, printLine, printOut } from './output.js'
import { openWhole, writeReport } from './write-report.js'

interface ReportOptions extends FolderOptions {
  readonly out?: string
  readonly json?: boolean
}

export function register(program: Command): void {
  const command = program
    .command('report')
    .description('one incident as an HTML page that needs no network and no tool')
    .addHelpText('after', examples('report latest', 'report 01M89Y --out incident.html'))
    .argument('[id]', 'its id, the beginning of it, a path, or latest', 'latest')
    .option('-o, --out <file>', 'where to, - for stdout (default: ID.html in this folder)')
    .option('--json', 'the closing line as JSON')
  addFolderOption(command).action((id: string, options: ReportOptions) => report(id, options))
}

function report(id: string, options: ReportOptions): void {
  const bundle = openWhole(findBundle(bundleFolders(options).folders, id).path)
  if (options.out === '-') {
    printOut(pageOf(bundle))
    return
  }
  const file = options.out ?? `${bundle.id}.html`
  const sizeBytes = writeReport(bundle, file)
  if (options.json) printJson({ schema: 1, id: bundle.id, file, sizeBytes })
  else printLine(`${file}: ${formatBytes(sizeBytes)}. Open it in a browser; it needs no network.`)
}
