/**
 * What a ticket says of an incident, before it is Markdown, plain text, ADF or Slack's blocks: a title and a few blocks.
 * Short on purpose: the whole report is attached.
 */
import { formatBytes, formatDuration, plural } from '../../model/amounts.js'
import type { TaskInFlight } from '../../model/evidence.js'
import { excerptAt } from '../../model/source-excerpt.js'
import { taskName } from '../../model/work.js'
import { verdictName } from '../dump-text.js'
import { frameLine, placeLine } from '../places.js'
import { type ReportedIncident, waitOf } from '../reported-incident.js'
import { stallSentence } from '../stall-text.js'
import { printable, shorten } from '../terminal.js'

export type Block =
  | { readonly kind: 'text'; readonly text: string; readonly strong?: boolean }
  | { readonly kind: 'heading'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly Item[] }
  /** Shown as it is, in a fixed width. */
  | { readonly kind: 'code'; readonly lines: readonly string[] }

export interface Item {
  readonly label: string
  readonly text: string
  readonly url?: string
}

export interface Letter {
  /** One line of at most 200 characters. */
  readonly title: string
  readonly blocks: readonly Block[]
  /** Words by which it can be found again; each form puts them where they can be searched for. */
  readonly marks: readonly string[]
  /** For programs: what a webhook, an alert or an event carries as fields. */
  readonly facts: Readonly<Record<string, string | number | null>>
}

/** Where a store has put what was sent to it. */
export interface StoreLink {
  /** Of the store. */
  readonly name: string
  /** Of the archive. */
  readonly url: string
  /** Of `report.html`; null where the store did not take it. */
  readonly pageUrl: string | null
}

export interface LetterOptions {
  /** From stores that have it already. */
  readonly links: readonly StoreLink[]
  /** Whether the files come with it. */
  readonly attached: boolean
  readonly archive: { readonly name: string; readonly sizeBytes: number; readonly sha256: string }
  /** Names of what comes with the archive. */
  readonly reports: readonly string[]
  /** Incidents of this cause so far, this one included. */
  readonly count: number
  /** Where it happened before: `service on host`. */
  readonly places: readonly string[]
  readonly marks: readonly string[]
  /** A closed ticket of the same cause. */
  readonly closed?: { readonly ref: string; readonly url: string | null }
  /** Folder of the bundle on the machine that it is on. */
  readonly folder: string
  readonly redact: (text: string, code?: boolean) => string
}

const MAX_TITLE = 200
const MAX_FRAMES = 12
const MAX_TASKS = 5
const MAX_TEXT = 2000

export function writeLetter(incident: ReportedIncident, options: LetterOptions): Letter {
  const clean = (text: string): string => printable(options.redact(text)).slice(0, MAX_TEXT)
  const blocks = [
    ...sentence(incident, clean),
    ...repeats(options, clean),
    ...place(incident, options, clean),
    ...work(incident, clean),
    ...nextStep(incident, clean),
    ...evidence(incident, options, clean),
  ]
  return { title: titleOf(incident, clean), blocks, marks: options.marks, facts: factsOf(incident, options, clean) }
}

type Clean = (text: string) => string

/** Service, verdict, place, kind of task. */
function titleOf({ manifest, evidence }: ReportedIncident, clean: Clean): string {
  const [main] = manifest.verdicts
  const what = main === undefined ? 'no verdict' : verdictName(main)
  const where = main?.where ? ` at ${placeLine({ ...main.where, column: null }, manifest.process.cwd)}` : ''
  const clock = manifest.stall?.clock ?? evidence?.tasks?.[0]?.clock ?? null
  const task = clock === null ? '' : `, ${clock}`
  return shorten(clean(`${manifest.process.service ?? 'a worker'}: ${what}${where}${task}`), MAX_TITLE)
}

function sentence({ manifest, evidence }: ReportedIncident, clean: Clean): Block[] {
  const [main] = manifest.verdicts
  const waits = main === undefined ? null : waitOf(evidence, main)
  return [
    ...(main === undefined
      ? [text('The cause was not found.')]
      : [text(clean(main.summary), true), text(`Confidence ${main.confidence}: ${clean(main.signs.join('; '))}.`)]),
    ...(manifest.stall === null ? [] : [text(clean(stallSentence(manifest.stall)))]),
    ...(waits === null ? [] : [text(clean(`It waits for: ${waits}`))]),
  ]
}

function repeats({ count, places, closed }: LetterOptions, clean: Clean): Block[] {
  const again = count > 1 ? [text(`Seen ${count} times with the same cause${seenIn(places, clean)}.`)] : []
  if (closed === undefined) return again
  const link = closed.url === null ? {} : { url: closed.url }
  return [...again, { kind: 'list', items: [{ label: 'It was here before', text: clean(closed.ref), ...link }] }]
}

function seenIn(places: readonly string[], clean: Clean): string {
  return places.length === 0 ? '' : `, on ${clean(places.slice(-5).join(', '))}`
}

function place({ manifest, excerpts }: ReportedIncident, { redact }: LetterOptions, clean: Clean): Block[] {
  const [main] = manifest.verdicts
  if (main === undefined || (main.where === null && main.chain.length === 0)) return []
  const { cwd } = manifest.process
  const source = main.where === null ? null : excerptAt(excerpts, main.where)
  const width = String(source?.lines?.at(-1)?.line ?? 0).length
  const lines = (source?.lines ?? []).map(
    (each) =>
      `${each.here ? '>' : ' '} ${String(each.line).padStart(width)} | ${printable(redact(each.text, true)).slice(0, 300)}`,
  )
  const callers = main.chain
    .filter((frame) => !(frame.file === main.where?.file && frame.line === main.where?.line))
    .slice(0, MAX_FRAMES)
    .map((frame) => `    < ${clean(frameLine(frame, cwd))}`)
  return [
    { kind: 'heading', text: 'Where' },
    {
      kind: 'code',
      lines: [...(main.where === null ? [] : [clean(placeLine(main.where, cwd))]), ...lines, ...callers],
    },
    ...(source?.changed === true
      ? [text('The file changed after the process started: these may not be the lines that ran.')]
      : []),
  ]
}

function work({ manifest, evidence }: ReportedIncident, clean: Clean): Block[] {
  const tasks = (evidence?.tasks ?? []).toSorted((a, b) => b.ageMs - a.ageMs)
  const { service, version, hostname, pid } = manifest.process
  const items: Item[] = [
    {
      label: 'Process',
      text: clean(`${[service, version].filter(Boolean).join(' ') || 'unnamed'}, pid ${pid} on ${hostname}`),
    },
    ...tasks.slice(0, MAX_TASKS).map((task) => ({
      label: 'Task',
      text: clean(`${nameOf(task)}, for ${formatDuration(task.ageMs)}`),
    })),
    ...(tasks.length > MAX_TASKS ? [{ label: 'and', text: plural(tasks.length - MAX_TASKS, 'more task') }] : []),
  ]
  return [
    { kind: 'heading', text: 'Whose work' },
    { kind: 'list', items },
  ]
}

/** `8f2c (charge) of workflow 77aa, retry 1`; of which clock, where the task itself says nothing. */
function nameOf({ taskId, clock, work: its }: TaskInFlight): string {
  return its?.task === undefined ? `${taskId} of ${clock}` : taskName(its.task)
}

function nextStep({ manifest }: ReportedIncident, clean: Clean): Block[] {
  const [main] = manifest.verdicts
  if (main === undefined) return []
  return [
    { kind: 'heading', text: 'Next step' },
    text(clean(main.nextStep)),
    ...(main.refutedBy === '' ? [] : [text(`It would be wrong if: ${clean(main.refutedBy)}`)]),
  ]
}

function evidence({ manifest }: ReportedIncident, options: LetterOptions, clean: Clean): Block[] {
  const { archive, attached, links, folder, reports } = options
  const size = formatBytes(archive.sizeBytes)
  const items: Item[] = [
    { label: 'Incident', text: `${manifest.id}, ${manifest.createdAt}` },
    ...links.flatMap(({ name, pageUrl }) =>
      pageUrl === null ? [] : [{ label: `Report (${name})`, text: `${manifest.id}.report.html`, url: pageUrl }],
    ),
    ...links.map(({ name, url }) => ({ label: `Bundle (${name})`, text: archive.name, url })),
    ...(attached ? [{ label: 'Attached', text: [`${archive.name} (${size})`, ...reports].join(', ') }] : []),
    { label: 'On the machine', text: clean(`${manifest.process.hostname}:${folder}`) },
    { label: 'SHA-256 of the archive', text: archive.sha256 },
  ]
  return [
    { kind: 'heading', text: 'Evidence' },
    { kind: 'list', items },
    text('To open it:'),
    { kind: 'code', lines: [`tar xzf ${archive.name}`, `npx conductor-diag show ./${manifest.id}`] },
    ...(options.marks.length === 0 ? [] : [text(options.marks.join(' '))]),
  ]
}

function factsOf({ manifest }: ReportedIncident, options: LetterOptions, clean: Clean): Letter['facts'] {
  const [main] = manifest.verdicts
  const { process, stall } = manifest
  const cleaned = (value: string | null | undefined): string | null => (value ? clean(value) : null)
  return {
    incident: manifest.id,
    createdAt: manifest.createdAt,
    service: cleaned(process.service),
    version: cleaned(process.version),
    host: cleaned(process.hostname),
    pid: process.pid,
    kind: main?.kind ?? null,
    cause: main?.cause ?? null,
    confidence: main?.confidence ?? null,
    summary: cleaned(main?.summary),
    place: main?.where ? clean(placeLine(main.where, process.cwd)) : null,
    nextStep: cleaned(main?.nextStep),
    trigger: stall?.trigger ?? null,
    level: stall?.level ?? null,
    clock: cleaned(stall?.clock),
    fingerprint: manifest.fingerprint ?? null,
    count: options.count,
    link: options.links[0]?.url ?? null,
    reportLink: options.links.find(({ pageUrl }) => pageUrl !== null)?.pageUrl ?? null,
  }
}

function text(value: string, strong?: boolean): Block {
  return strong === true ? { kind: 'text', text: value, strong } : { kind: 'text', text: value }
}
