/**
 * A dump for a person at a terminal, in the order in which one reads: the verdict, the place, how it got there, what it
 * waits for, what else was found, what to do, what is missing. 25 lines as a rule; `verbose` adds everything.
 */
import { plural } from '../model/amounts.js'
import type { Evidence } from '../model/evidence.js'
import { screenLines } from '../model/printable.js'
import type { ProcessOverview } from '../model/overview.js'
import type { ProcessIdentity } from '../model/process-identity.js'
import type { SourceLine } from '../model/source-excerpt.js'
import type { Verdict, VerdictPlace } from '../model/verdict.js'
import { shortLines } from './dump-short.js'
import { awaitSection, describeEverything, threadSection } from './dump-verbose.js'
import { fileText, frameLine, placeLine } from './places.js'
import { waitOf } from './reported-incident.js'
import { nextStepText } from './verdict-page.js'
import { truncate } from './wrap.js'
import { wrapLines } from './wrap-lines.js'
import { painter, printable, shorten, type Paint, type Style } from './terminal.js'

export interface DumpTextOptions {
  readonly verbose?: boolean
  readonly color?: boolean
  /** Columns of the terminal: longer lines are broken between words. Null or absent: they are not. */
  readonly width?: number | null
  /** What the process does, whatever the verdict. */
  readonly overview?: ProcessOverview | null
  /** Parts that were asked for, shown in full without `verbose`. */
  readonly full?: { readonly threads?: boolean; readonly awaits?: boolean }
  /** The line and its neighbours, or null when the text is not at hand. */
  readonly sourceOf?: (place: VerdictPlace) => readonly SourceLine[] | null
}

const CHAIN_LINES = 5
const WIDTH = 160

export function renderDump(evidence: Evidence, verdicts: readonly Verdict[], options: DumpTextOptions = {}): string {
  const paint = painter(options.color ?? false)
  const [main, ...others] = verdicts
  const cwd = evidence.process.cwd
  const lines: string[] = []
  if (main !== undefined) {
    lines.push(...verdictLines(main, paint))
    lines.push(...placeLines(main, cwd, paint, options))
    lines.push(...chainLines(main, cwd, paint))
    lines.push(...waitLines(evidence, main, paint))
  }
  const verbose = options.verbose === true
  const threads = options.full?.threads === true
  const awaits = options.full?.awaits === true
  if (!verbose && options.overview) {
    lines.push(...shortLines(options.overview, cwd, paint, { threads: !threads, awaits: !awaits }))
  }
  if (!verbose && !awaits) lines.push(...cutLines(evidence, paint))
  lines.push(...otherLines(others, cwd, paint))
  if (main !== undefined) {
    lines.push(`${paint('bold', 'Next:')} ${printable(nextStepText(main))}`)
    lines.push(paint('dim', `What would rule it out: ${printable(main.refutedBy)}`))
  }
  lines.push(...missingLines(evidence, paint), paint('dim', costLine(evidence)))
  if (verbose) lines.push('', ...describeEverything(evidence, verdicts, paint))
  else {
    if (threads) lines.push('', ...threadSection(evidence, paint))
    if (awaits) lines.push('', ...awaitSection(evidence, paint))
    lines.push(paint('dim', 'All threads, awaits and sockets: -v'))
  }
  return screenLines(wrapLines(lines, options.width ?? null))
}

/** The tree was not read to its end: how much of it is missing belongs beside what is shown of it. */
function cutLines(evidence: Evidence, paint: Paint): string[] {
  const tree = evidence.looks.at(-1)?.awaits
  return tree?.cutShort === true ? tree.notes.map((note) => paint('dim', `  ${printable(note)}`)) : []
}

/** Who the process is: printed first, and also when nothing else could be had. */
export function renderHeader(process: ProcessIdentity, options: Pick<DumpTextOptions, 'color' | 'width'> = {}): string {
  const paint = painter(options.color ?? false)
  const command = shorten(printable(process.argv.join(' ')), WIDTH)
  const service = [process.service, process.version].filter(Boolean).join(' ')
  const refused = process.node === null && process.executable === null && !process.agent
  const facts = refused
    ? ['its binary may not be read: what runs in it, and whether with an agent, is not known']
    : [
        process.node === null ? 'Node version unknown' : `Node ${process.node}`,
        process.executable ?? 'binary unknown',
        ...(service === '' ? [] : [service]),
        process.agent ? 'agent inside' : 'no agent inside',
      ]
  const title = `${paint('bold', `Process ${process.pid}`)}  ${command === '' ? '(no command line)' : command}`
  const lines = wrapLines([title, paint('dim', printable(facts.join('  ')))], options.width ?? null)
  return `${screenLines(lines)}\n`
}

const CONFIDENCE_STYLE: Readonly<Record<Verdict['confidence'], Style>> = { high: 'red', medium: 'yellow', low: 'dim' }

export function verdictName(verdict: Pick<Verdict, 'kind' | 'cause'>): string {
  return verdict.cause === null ? verdict.kind : `${verdict.kind}/${verdict.cause}`
}

function verdictLines(verdict: Verdict, paint: Paint): string[] {
  const style = verdict.kind === 'beating' ? 'green' : CONFIDENCE_STYLE[verdict.confidence]
  const lines = [
    `${paint('bold', paint(style, verdictName(verdict)))}  confidence ${verdict.confidence}`,
    printable(verdict.summary),
  ]
  if (verdict.signs.length > 0) lines.push(paint('dim', `because ${printable(verdict.signs.join('; '))}`))
  return lines
}

function placeLines(verdict: Verdict, cwd: string | null, paint: Paint, options: DumpTextOptions): string[] {
  if (verdict.where === null) return []
  const lines = ['', `  ${paint('cyan', placeLine(verdict.where, cwd))}`]
  const source = options.sourceOf?.(verdict.where) ?? null
  if (source === null) return lines
  const width = Math.max(...source.map((each) => String(each.line).length), 1)
  for (const each of source) {
    const text = `${each.here ? '>' : ' '} ${String(each.line).padStart(width)} | ${printable(each.text.replaceAll('\t', '  '))}`
    lines.push(`  ${each.here ? paint('bold', text) : paint('dim', text)}`)
  }
  return lines
}

function chainLines(verdict: Verdict, cwd: string | null, paint: Paint): string[] {
  const callers = verdict.chain.slice(1)
  if (callers.length === 0) return []
  const shown = callers.length > CHAIN_LINES ? [...callers.slice(0, CHAIN_LINES - 2), ...callers.slice(-1)] : callers
  const hidden = callers.length - shown.length
  const lines = shown.map((frame) => `    < ${frameLine(frame, cwd)}`)
  if (hidden > 0) lines.splice(lines.length - 1, 0, paint('dim', `    < ... ${hidden} more (-v)`))
  return lines
}

function waitLines(evidence: Evidence, verdict: Verdict, paint: Paint): string[] {
  const waits = waitOf(evidence, verdict)
  return waits === null ? [''] : ['', `${paint('bold', 'Waits for:')} ${waits}`]
}

const OTHERS = 3

function otherLines(others: readonly Verdict[], cwd: string | null, paint: Paint): string[] {
  if (others.length === 0) return []
  const lines = others.slice(0, OTHERS).map((verdict) => {
    const where = verdict.where === null ? '' : ` at ${fileText(verdict.where.file, cwd)}:${verdict.where.line}`
    return `  ${verdictName(verdict)} (${verdict.confidence})${where}: ${truncate(printable(verdict.summary), WIDTH)}`
  })
  if (others.length > OTHERS) lines.push(paint('dim', `  and ${others.length - OTHERS} more (-v)`))
  return [paint('bold', 'Also found:'), ...lines]
}

const MISSING = 3

function missingLines(evidence: Evidence, paint: Paint): string[] {
  // What nobody asked for is not missing.
  const missing = evidence.missing.filter((each) => each.why !== 'ERR_STALL_NOT_ENABLED')
  if (missing.length === 0) return []
  const lines = missing
    .slice(0, MISSING)
    .map((each) => `  ${each.what}: ${truncate(printable(each.message), WIDTH)} (${each.why})`)
  if (missing.length > MISSING) lines.push(paint('dim', `  and ${missing.length - MISSING} more (-v)`))
  return [paint('bold', 'Unavailable:'), ...lines]
}

function costLine({ cost, looks, from }: Evidence): string {
  const ended = cost.endedOnAttach ? '; the stall ended when we attached: our looking may have ended it' : ''
  // From outside it is this command that computes, not the process.
  const cpu = `${round(cost.cpuMs)} ms of ${from === 'inside' ? 'its' : 'our own'} CPU`
  return `Cost to the process: paused ${round(cost.pausedMs)} ms; ${plural(looks.length, 'look')} in ${round(cost.wallMs)} ms, with ${cpu}${connectionsText(cost)}${ended}`
}

/** Traffic that we caused is told wherever the cost is. */
function connectionsText({ connectionsOpened = 0 }: Evidence['cost']): string {
  return connectionsOpened === 0
    ? ''
    : `; ${connectionsOpened} new connection${connectionsOpened === 1 ? '' : 's'} opened`
}

function round(ms: number): string {
  return ms < 10 && ms !== 0 ? ms.toFixed(1) : String(Math.round(ms))
}
