/** `conductor-diag show ID`: one incident for a person. */
import type { Command } from 'commander'
import { findBundle } from '../incident/bundle-list.js'
import type { VerifyProblem } from '../incident/bundle-reader.js'
import { checkBundle } from '../export/check-bundle.js'
import { recoverBundle } from '../export/recover-bundle.js'
import { readIncident } from '../export/read-incident.js'
import { renderIncident } from '../report/incident-text.js'
import { renderMarkdown } from '../report/markdown/render-markdown.js'
import { printable, wantsColor } from '../report/terminal.js'
import { terminalWidth } from '../report/wrap.js'
import { addFolderOption, bundleFolders, type FolderOptions } from './bundle-folders.js'
import { EXIT } from './exit-codes.js'
import { printJson, printLine, printOut, screenOf } from './output.js'
import { numberIn } from './parse-options.js'
import { examples } from './examples.js'

interface ShowOptions extends FolderOptions {
  readonly json?: boolean
  readonly verbose?: boolean
  readonly markdown?: boolean
  readonly maxBytes?: number
}

export function register(program: Command): void {
  const command = program
    .command('show')
    .description('one incident: clocks, what is unavailable and why, and last the verdict with its place and source')
    .addHelpText('after', examples('show latest', 'show 01M89Y -v', 'show 01M89Y --markdown --max-bytes 32000'))
    .argument('[id]', 'its id, the beginning of it, a path, or latest', 'latest')
    .option('--json', 'the manifest, as JSON')
    .option('--markdown', 'as Markdown, for a ticket')
    .option('--max-bytes <bytes>', 'with --markdown: shortened to this', numberIn({ from: 200, whole: true }))
    .option('-v, --verbose', 'the whole chain, every clock, artifacts, cost, and what to do about each missing part')
  addFolderOption(command).action((id: string, options: ShowOptions) => {
    process.exitCode = show(id, options)
  })
}

/** What can be shown is shown; damage is told, and makes the exit code 65. */
function show(id: string, options: ShowOptions): number {
  const entry = findBundle(bundleFolders(options).folders, id)
  const { bundle } = recoverBundle(entry.path)
  const { manifest, path, state } = bundle
  const { problems } = checkBundle(entry.path)
  if (options.json) printJson({ ...manifest, path, state, problems })
  else if (options.markdown || options.maxBytes !== undefined) {
    const { maxBytes } = options
    printOut(renderMarkdown(readIncident(bundle), maxBytes === undefined ? {} : { maxBytes }))
    tellProblems(problems)
  } else {
    const color = wantsColor(screenOf(1), process.env)
    const width = terminalWidth(screenOf(1), process.env)
    const shown = { ...readIncident(bundle), path, state }
    printOut(renderIncident(shown, { color, width, verbose: options.verbose ?? false }))
    tellProblems(problems)
  }
  return problems.length === 0 ? EXIT.ok : EXIT.corruptBundle
}

function tellProblems(problems: readonly VerifyProblem[]): void {
  for (const { artifact, message } of problems) {
    printLine(`conductor-diag: ${printable(artifact)} ${printable(message)} (ERR_STALL_BUNDLE_CORRUPT)`)
  }
}
