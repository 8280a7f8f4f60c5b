/** `conductor-diag ls`: the incidents, newest first, those of one cause together. */
import { type Command, InvalidArgumentError } from 'commander'
import { listBundles } from '../incident/bundle-list.js'
import { plural } from '../model/amounts.js'
import { groupIncidents, type IncidentLine, renderIncidentList, uniqueIdLength } from '../report/incident-list.js'
import { wantsColor } from '../report/terminal.js'
import { terminalWidth } from '../report/wrap.js'
import { addFolderOption, bundleFolders, type FolderOptions } from './bundle-folders.js'
import { toLines } from './incident-line.js'
import { printJson, printLine, printOut, screenOf } from './output.js'
import { numberIn } from './parse-options.js'
import { examples } from './examples.js'

interface LsOptions extends FolderOptions {
  readonly json?: boolean
  readonly limit: number
  readonly group: boolean
  readonly service?: string
  readonly pid?: number
  readonly verdict?: string
  readonly fingerprint?: string
  /** ms. */
  readonly since?: number
}

export function register(program: Command): void {
  const command = program
    .command('ls')
    .description('the incidents, newest first, those of one cause as one row')
    .addHelpText('after', examples('ls', 'ls --since 2d --verdict awaiting', 'ls --json --limit 5'))
    .option('--json', 'as JSON: every incident, and the groups')
    .option('-n, --limit <count>', 'at most so many rows', numberIn({ whole: true }), 20)
    .option('--no-group', 'each incident by itself')
    .option('--service <name>', 'only of this service')
    .option('--pid <pid>', 'only of this process', numberIn({ from: 1, whole: true }))
    .option('--verdict <kind[/cause]>', 'only with this verdict: awaiting, or awaiting/lock')
    .option('--fingerprint <hex>', 'only of this cause; the beginning of it is enough')
    .option('--since <time>', 'only younger ones: 90m, 12h, 2d', parseAge)
  addFolderOption(command).action((options: LsOptions) => ls(options))
}

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

function parseAge(text: string): number {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)([smhdw])$/.exec(text) ?? []
  if (amount === undefined) throw new InvalidArgumentError('It has to be a number with a unit: 30s, 90m, 12h, 2d, 1w.')
  return Number(amount) * (UNITS[unit] ?? 0)
}

function ls(options: LsOptions): void {
  const { folders, looked } = bundleFolders(options)
  const now = Date.now()
  const all = listBundles(folders, { sizes: false })
  const young = all.filter((entry) => options.since === undefined || now - entry.createdAtMs <= options.since)
  const lines = toLines(young).filter((line) => isWanted(line, options))
  if (options.json) {
    const sized = listBundles(folders)
    const sizes = new Map(sized.map((entry) => [entry.path, entry.sizeBytes]))
    const bundles = lines.slice(0, options.limit).map((line) => ({ ...line, sizeBytes: sizes.get(line.path) ?? 0 }))
    const groups = groupIncidents(lines).slice(0, options.limit)
    printJson({
      schema: 1,
      total: lines.length,
      bundles,
      groups: groups.map(({ newest, ...group }) => ({ ...group, newest: newest.id, fingerprint: newest.fingerprint })),
    })
    return
  }
  const ungrouped = (line: IncidentLine) => ({
    newest: line,
    times: 1,
    since: line.createdAt,
    processes: 1,
    ids: [line.id],
  })
  const groups = options.group ? groupIncidents(lines) : lines.map(ungrouped)
  const shown = groups.slice(0, options.limit)
  if (groups.length === 0) {
    const which = all.length === 0 ? 'no bundles' : `none of ${plural(all.length, 'bundle')} is like that`
    printLine(`${which} in ${looked.join(', ')}`)
  } else {
    if (screenOf(1).isTTY) printLine(folders.join(', '))
    const idLength = uniqueIdLength(all.map((entry) => entry.id))
    const width = terminalWidth(screenOf(1), process.env)
    printOut(renderIncidentList(shown, { color: wantsColor(screenOf(1), process.env), now, width, idLength }))
  }
  if (groups.length > shown.length)
    printLine(`${plural(groups.length - shown.length, 'older row')} not shown (--limit)`)
}

function isWanted({ service, pid, verdict, fingerprint }: IncidentLine, options: LsOptions): boolean {
  if (options.service !== undefined && service !== options.service) return false
  if (options.pid !== undefined && pid !== options.pid) return false
  if (options.fingerprint !== undefined && !(fingerprint ?? '').startsWith(options.fingerprint)) return false
  if (options.verdict === undefined) return true
  return (
    verdict !== null && (options.verdict === verdict.kind || options.verdict === `${verdict.kind}/${verdict.cause}`)
  )
}
