/** One incident at a terminal: what happened, where, what the bundle has, what it lacks and why, what it cost. */
import type { ClockReading } from '../model/heartbeat.js'
import type { IncidentManifest } from '../model/incident.js'
import type { Verdict } from '../model/verdict.js'
import { formatBytes, formatDuration } from '../model/amounts.js'
import { renderHeader, verdictName } from './dump-text.js'
import { plainTable, tableText } from './incident-list.js'
import { frameLine, placeLine } from './places.js'
import { stallSentence } from './stall-text.js'
import { painter, printable, type Paint } from './terminal.js'

export interface ShownIncident {
  readonly manifest: IncidentManifest
  readonly path: string
  readonly state: 'sealed' | 'partial'
}

export interface IncidentTextOptions {
  readonly color: boolean
  readonly verbose?: boolean
}

const CHAIN_LINES = 12
const CLOCK_LINES = 8

export function renderIncident({ manifest, path, state }: ShownIncident, options: IncidentTextOptions): string {
  const paint = painter(options.color)
  const sealed = state === 'sealed' ? '' : paint('yellow', '  NOT SEALED')
  return [
    `${paint('bold', `Incident ${manifest.id}`)}  ${manifest.createdAt}${sealed}\n${paint('dim', path)}\n\n`,
    renderHeader(manifest.process, options),
    manifest.stall === null ? '' : `${stallSentence(manifest.stall)}\n\n`,
    verdictText(manifest, paint, options.verbose ?? false),
    clocksText(manifest.clocks, paint, options.verbose ?? false),
    artifactsText(manifest, paint),
    missingText(manifest, paint),
    footText(manifest, paint),
  ].join('')
}

function verdictText(manifest: IncidentManifest, paint: Paint, verbose: boolean): string {
  const [main, ...others] = manifest.verdicts
  if (main === undefined) return ''
  const cwd = manifest.process.cwd
  const lines = [
    `${paint('bold', paint('red', verdictName(main)))}  confidence ${main.confidence}`,
    printable(main.summary),
  ]
  if (main.signs.length > 0) lines.push(paint('dim', `because ${printable(main.signs.join('; '))}`))
  if (main.where !== null) lines.push('', `  ${paint('cyan', placeLine(main.where, cwd))}`)
  lines.push(...chainLines(main, cwd, paint, verbose), '')
  lines.push(`${paint('bold', 'Next:')} ${printable(main.nextStep)}`)
  lines.push(paint('dim', `Wrong if: ${printable(main.refutedBy)}`))
  if (main.evidence.length > 0) lines.push(paint('dim', `Seen in: ${printable(main.evidence.join(', '))}`))
  for (const verdict of others) {
    lines.push(
      `${paint('bold', 'Also found:')} ${verdictName(verdict)} (${verdict.confidence}): ${printable(verdict.summary)}`,
    )
  }
  return `${lines.join('\n')}\n\n`
}

function chainLines(verdict: Verdict, cwd: string | null, paint: Paint, verbose: boolean): string[] {
  const callers = verdict.chain.filter((frame) => !isPlace(frame, verdict))
  const shown = verbose ? callers : callers.slice(0, CHAIN_LINES)
  const lines = shown.map((frame) => `    < ${frameLine(frame, cwd)}`)
  if (shown.length < callers.length) lines.push(paint('dim', `    < ${callers.length - shown.length} more (-v)`))
  return lines
}

/** The chain may begin with the place itself, which is printed above it. */
function isPlace(frame: Verdict['chain'][number], { where }: Verdict): boolean {
  return where !== null && frame.file === where.file && frame.line === where.line && frame.column === where.column
}

function clocksText(clocks: readonly ClockReading[], paint: Paint, verbose: boolean): string {
  if (clocks.length === 0) return ''
  const shown = verbose ? clocks : [...clocks].sort((a, b) => b.ageMs - a.ageMs).slice(0, CLOCK_LINES)
  const table = plainTable(['CLOCK', 'SILENT', 'BEATS', 'IN FLIGHT', 'LAST ANSWER', 'SLOTS', ''])
  for (const clock of shown) {
    table.push([
      printable(clock.name),
      formatDuration(clock.ageMs),
      String(clock.beats),
      clock.inFlightMs === null ? '-' : formatDuration(clock.inFlightMs),
      clock.lastSuccessMs === null ? '-' : `${formatDuration(clock.lastSuccessMs)} ago`,
      clock.slots === null ? '-' : `${clock.slotsInUse ?? '?'}/${clock.slots}`,
      clock.ended ? 'ended' : clock.paused ? 'paused' : '',
    ])
  }
  const more = shown.length < clocks.length ? `  ${clocks.length - shown.length} more (-v)\n` : ''
  return `${paint('bold', 'Clocks')}\n${tableText(table, '  ')}${more}\n`
}

function artifactsText(manifest: IncidentManifest, paint: Paint): string {
  if (manifest.artifacts.length === 0) return ''
  const table = plainTable(['ARTIFACT', 'SIZE', 'ENGINE', 'TOOK', 'PAUSED'])
  for (const artifact of manifest.artifacts) {
    const took = artifact.engine === 'unknown' ? '-' : formatDuration(artifact.tookMs)
    const paused = artifact.engine === 'unknown' ? '-' : formatDuration(artifact.pausedMs)
    table.push([printable(artifact.name), formatBytes(artifact.sizeBytes), printable(artifact.engine), took, paused])
  }
  return `${paint('bold', 'Artifacts')}\n${tableText(table, '  ')}\n`
}

function missingText(manifest: IncidentManifest, paint: Paint): string {
  if (manifest.missing.length === 0) return ''
  const lines = manifest.missing.flatMap((missing) => {
    const why = `  ${printable(missing.name)}: ${printable(missing.message)} (${missing.code})`
    return missing.help === '' ? [why] : [why, paint('dim', `    ${printable(missing.help)}`)]
  })
  return `${paint('bold', 'Not had')}\n${lines.join('\n')}\n\n`
}

function footText(manifest: IncidentManifest, paint: Paint): string {
  const { cost, redacted } = manifest
  const lines: string[] = []
  if (manifest.sealedAt !== '') {
    const ended = cost.endedOnAttach ? '; the stall ended when we attached: our looking may have ended it' : ''
    const opened = cost.connectionsOpened ?? 0
    const connections = opened === 0 ? '' : `; ${opened} new connection${opened === 1 ? '' : 's'} opened`
    const memory = cost.memoryBytes > 0 ? `, ${formatBytes(cost.memoryBytes)} of its memory` : ''
    lines.push(
      `Cost to the process: paused ${formatDuration(cost.pausedMs)}, ${formatDuration(cost.cpuMs)} of CPU${memory}; capture took ${formatDuration(cost.wallMs)}${connections}${ended}`,
    )
  }
  const rules = Object.entries(redacted).filter(([, count]) => count > 0)
  if (rules.length > 0) lines.push(`Redacted: ${rules.map(([rule, count]) => `${count} by ${rule}`).join(', ')}`)
  if (manifest.fingerprint) lines.push(`Fingerprint: ${manifest.fingerprint}`)
  for (const note of manifest.notes ?? []) lines.push(`Note: ${printable(note)}`)
  lines.push(`${printable(manifest.tool.name)} ${printable(manifest.tool.version)}, schema ${manifest.schema}`)
  return paint('dim', `${lines.join('\n')}\n`)
}
