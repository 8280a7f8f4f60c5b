/** `conductor-diag verify ID`: is every file of a bundle what it was when the bundle was sealed? */
import path from 'node:path'
import type { Command } from 'commander'
import { findBundle } from '../incident/bundle-list.js'
import type { VerifyReport } from '../incident/bundle-reader.js'
import { checkBundle } from '../export/check-bundle.js'
import { plural } from '../model/amounts.js'
import { printable, screenLines } from '../model/printable.js'
import { addFolderOption, bundleFolders, type FolderOptions } from './bundle-folders.js'
import { EXIT } from './exit-codes.js'
import { printJson, printOut } from './output.js'
import { examples } from './examples.js'

interface VerifyOptions extends FolderOptions {
  readonly json?: boolean
}

export function register(program: Command): void {
  const command = program
    .command('verify')
    .description('compare every file of a bundle with its checksum and its schema')
    .addHelpText('after', examples('verify latest', 'verify /tmp/unpacked/01M89Y8W2SZNJ1QQQFK1RR4MS8'))
    .argument('[ids...]', 'ids, beginnings of them, paths, or latest (default: latest)')
    .option('--json', 'as JSON')
  addFolderOption(command).action((ids: string[], options: VerifyOptions) => {
    const { folders } = bundleFolders(options)
    const reports = (ids.length === 0 ? ['latest'] : ids).map((id) => checkBundle(pathOf(folders, id)))
    if (options.json) printJson({ schema: 1, bundles: reports.map((report) => ({ ...report, ok: isWhole(report) })) })
    else printOut(reports.map((report) => render(report)).join(''))
    process.exitCode = reports.every((report) => isWhole(report)) ? EXIT.ok : EXIT.corruptBundle
  })
}

/** A path is taken as it is: of a bundle whose manifest is damaged nobody can say which one it is. */
function pathOf(folders: readonly string[], id: string): string {
  return id.includes('/') ? path.resolve(id) : findBundle(folders, id).path
}

function isWhole(report: VerifyReport): boolean {
  return report.problems.length === 0 && report.state === 'sealed'
}

function render(report: VerifyReport): string {
  const lines = report.problems.map((problem) => `  ${printable(problem.artifact)} ${printable(problem.message)}`)
  if (report.state === 'partial') lines.push('  not sealed: the capture has not ended, or was cut off')
  for (const file of report.unlisted) lines.push(`  ${printable(file)} is not part of the bundle`)
  const word = isWhole(report)
    ? `ok, ${plural(report.checked, 'file')}`
    : report.problems.length > 0
      ? 'CORRUPT'
      : 'NOT SEALED'
  return screenLines([`${report.id}  ${word}`, ...lines])
}
