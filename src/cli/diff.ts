/** `conductor-diag diff A [B]`: what moved between two looks of one incident, or between two incidents. */
import path from 'node:path'
import type { Command } from 'commander'
import { readIncident } from '../export/read-incident.js'
import { recoverBundle } from '../export/recover-bundle.js'
import { findBundle } from '../incident/bundle-list.js'
import { StallError } from '../model/stall-error.js'
import { compareLooks, type DiffSide } from '../report/diff/compare-looks.js'
import { renderDiff } from '../report/diff/diff-text.js'
import { wantsColor } from '../report/terminal.js'
import { terminalWidth } from '../report/wrap.js'
import { addFolderOption, bundleFolders, type FolderOptions } from './bundle-folders.js'
import { examples } from './examples.js'
import { EXIT } from './exit-codes.js'
import { printJson, printLine, printOut, screenOf } from './output.js'

interface DiffOptions extends FolderOptions {
  readonly json?: boolean
  readonly verbose?: boolean
}

export function register(program: Command): void {
  const command = program
    .command('diff')
    .description('what moved: between the first and the last look of one incident, or between two incidents')
    .addHelpText('after', examples('diff latest', 'diff 01M89Y 01M8A2', 'diff 01M89Y 01M8A2 --json'))
    .argument('[id]', 'its id, the beginning of it, a path, or latest', 'latest')
    .argument('[other]', 'another one, to compare the last looks of both')
    .option('--json', 'as JSON, with everything that is the same too')
    .option('-v, --verbose', 'everything, also what is the same')
  addFolderOption(command).action((id: string, other: string | undefined, options: DiffOptions) => {
    process.exitCode = diff(id, other, options)
  })
}

interface Opened {
  readonly id: string
  readonly looks: readonly DiffSide[]
  readonly isDamaged: boolean
}

function diff(id: string, other: string | undefined, options: DiffOptions): number {
  const { folders } = bundleFolders(options)
  const first = open(folders, id)
  const second = other === undefined ? first : open(folders, other)
  const [before, after] = sidesOf(first, second)
  const asked = compareLooks(before, after)
  // Of one process what moved is told forwards in time: nothing beats -5 times.
  const result = asked.sameProcess && asked.apartMs < 0 ? compareLooks(after, before) : asked
  if (options.json) printJson(result)
  else {
    const color = wantsColor(screenOf(1), process.env)
    const width = terminalWidth(screenOf(1), process.env)
    printOut(renderDiff(result, { color, width, verbose: options.verbose ?? false }))
  }
  return first.isDamaged || second.isDamaged ? EXIT.corruptBundle : EXIT.ok
}

/** Of one incident its first and last look; of two the last of each. */
function sidesOf(first: Opened, second: Opened): [DiffSide, DiffSide] {
  const before = first.id === second.id ? first.looks[0] : first.looks.at(-1)
  const after = second.looks.at(-1)
  if (before !== undefined && after !== undefined && before !== after) return [before, after]
  throw new StallError('ERR_STALL_USAGE', `incident ${first.id} has one look: there is nothing to compare it with`, {
    help: 'Name a second incident: conductor-diag diff A B. `conductor-diag ls` lists them.',
  })
}

function open(folders: readonly string[], reference: string): Opened {
  const folder = findBundle(folders, reference).path
  const { bundle, fault } = recoverBundle(folder)
  if (fault !== null) printLine(`conductor-diag: ${fault.message} (${fault.code}); what is whole is compared`)
  const { manifest, evidence } = readIncident(bundle)
  if (evidence === null || evidence.looks.length === 0) {
    const code = bundle.state === 'partial' && fault === null ? 'ERR_STALL_BUNDLE_UNSEALED' : 'ERR_STALL_BUNDLE_CORRUPT'
    throw new StallError(
      code,
      `incident ${bundle.id} in ${path.dirname(folder)} has no evidence that can be compared`,
      {
        help: `conductor-diag show ${bundle.id} shows what it has, and verify what is wrong with it.`,
      },
    )
  }
  const looks = evidence.looks.map((look, index): DiffSide => ({ manifest, evidence, look, number: index + 1 }))
  return { id: bundle.id, looks, isDamaged: fault !== null }
}
