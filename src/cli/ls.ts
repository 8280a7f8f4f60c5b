/** `conductor-diag ls`: the bundles, newest first. */
import type { Command } from 'commander'
import { listBundles, type BundleEntry } from '../incident/bundle-list.js'
import { readBundle } from '../incident/bundle-reader.js'
import { plural } from '../model/amounts.js'
import type { IncidentManifest } from '../model/incident.js'
import { toStallError } from '../model/stall-error.js'
import { renderIncidentList, type IncidentLine } from '../report/incident-list.js'
import { wantsColor } from '../report/terminal.js'
import { addFolderOption, bundleFolders, type FolderOptions } from './bundle-folders.js'
import { printJson, printNote, printOut } from './output.js'
import { numberIn } from './parse-options.js'
import { examples } from './examples.js'

interface LsOptions extends FolderOptions {
  readonly json?: boolean
  readonly limit: number
}

export function register(program: Command): void {
  const command = program
    .command('ls')
    .description('the incident bundles, newest first')
    .addHelpText('after', examples('ls', 'ls --json --limit 5'))
    .option('--json', 'as JSON')
    .option('-n, --limit <count>', 'at most so many', numberIn({ whole: true }), 20)
  addFolderOption(command).action((options: LsOptions) => ls(options))
}

function ls(options: LsOptions): void {
  const { folders, looked } = bundleFolders(options)
  const all = listBundles(folders)
  const lines = all.slice(0, options.limit).map((entry) => toLine(entry))
  if (options.json) {
    printJson({ schema: 1, total: all.length, bundles: lines })
    return
  }
  if (all.length === 0) printNote(`no bundles in ${looked.join(', ')}\n`)
  else printOut(renderIncidentList(lines, { color: wantsColor(process.stdout, process.env), now: Date.now() }))
  if (all.length > lines.length) printNote(`${plural(all.length - lines.length, 'older one')} not shown (--limit)\n`)
}

function toLine(entry: BundleEntry): IncidentLine {
  const base = {
    id: entry.id,
    path: entry.path,
    state: entry.state,
    createdAt: new Date(entry.createdAtMs).toISOString(),
    sizeBytes: entry.sizeBytes,
  }
  try {
    return { ...base, ...summaryOf(readBundle(entry.path).manifest), fault: null }
  } catch (thrown) {
    const unknown = { service: null, pid: null, trigger: null, verdict: null, fingerprint: null }
    return { ...base, ...unknown, fault: toStallError(thrown).message }
  }
}

function summaryOf(
  manifest: IncidentManifest,
): Pick<IncidentLine, 'service' | 'pid' | 'trigger' | 'verdict' | 'fingerprint'> {
  const verdict = manifest.verdicts[0]
  return {
    service: manifest.process.service,
    pid: manifest.process.pid,
    trigger: manifest.stall?.trigger ?? null,
    verdict:
      verdict === undefined
        ? null
        : {
            kind: verdict.kind,
            cause: verdict.cause,
            confidence: verdict.confidence,
            where: verdict.where,
            summary: verdict.summary,
          },
    fingerprint: manifest.fingerprint ?? null,
  }
}
