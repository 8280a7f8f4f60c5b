/**
 * An incident as one HTML page that loads nothing: it may be attached, opened from a disk with the network off, printed.
 * All text of the target is escaped by the template; the page's policy allows this package's own scripts, by their
 * hashes, and no others. A part of the evidence that is not as it should be costs its section.
 */
import { createHash } from 'node:crypto'
import { Eta } from 'eta'
import { printable } from '../../model/printable.js'
import type { StackSamples } from '../../model/samples.js'
import { toCpuProfile } from '../../profile/cpu-profile.js'
import { verdictName } from '../../report/dump-text.js'
import { placeLine } from '../../report/places.js'
import { profileDoubt } from '../../report/profile-doubt.js'
import { unsealedText } from '../../report/unsealed.js'
import type { ReportedIncident } from '../../report/reported-incident.js'
import { stallSentence } from '../../report/stall-text.js'
import { speedscopePage } from '../speedscope-page.js'
import { attempt } from '../attempt.js'
import { awaitsModel } from './awaits-model.js'
import { timelineModel } from './timeline-model.js'
import { PAGE_SCRIPT } from './page-script.js'
import { PAGE_STYLE } from './page-style.js'
import * as models from './section-models.js'
import * as templates from './page-template.js'

const eta = new Eta({ autoEscape: true, autoTrim: false })

interface Section {
  readonly id: string
  readonly head: string
  readonly html: string
}

export interface PageOptions {
  /** A `.cpuprofile` of the bundle, as text; null without one. */
  readonly profile?: string | null
}

export function renderReportPage(incident: ReportedIncident, options: PageOptions = {}): string {
  const { manifest } = incident
  const [main] = manifest.verdicts
  const unsealed = unsealedText(manifest)
  const flame = attempt(() => flameGraph(incident, options.profile ?? null), null)
  const scripts = [PAGE_SCRIPT, ...(flame?.scripts ?? [])]
  const title = main === undefined ? `Incident ${manifest.id}` : `${verdictName(main)} · ${manifest.id}`
  return eta.renderString(templates.PAGE_TEMPLATE, {
    policy: policyFor(scripts),
    title: printable(title),
    style: PAGE_STYLE,
    script: PAGE_SCRIPT,
    kicker: models.kickerOf(manifest),
    name: printable(main === undefined ? 'No verdict' : verdictName(main)),
    confidence: main?.confidence ?? null,
    badge: main === undefined ? '' : main.kind === 'beating' ? 'good' : main.confidence,
    place: main?.where ? placeLine(main.where, manifest.process.cwd) : null,
    happened: [
      ...(main === undefined ? [] : [printable(main.summary)]),
      ...(manifest.stall === null ? [] : [stallSentence(manifest.stall)]),
      ...(unsealed === null ? [] : [unsealed]),
    ],
    sections: sectionsOf(incident, flame),
    foot: `${printable(manifest.tool.name)} ${printable(manifest.tool.version)}, schema ${manifest.schema}. This page loads nothing and sends nothing.`,
  })
}

type Model = object | null

function sectionsOf(incident: ReportedIncident, flame: FlameGraph | null): Section[] {
  const all: (readonly [id: string, head: string, template: string, model: () => Model])[] = [
    ['verdict', 'Verdict', templates.VERDICT_TEMPLATE, () => models.verdictModel(incident, profileNotes(incident))],
    ['code', 'Code', templates.CODE_TEMPLATE, () => models.codeModel(incident)],
    ['timeline', 'Timeline', templates.TIMELINE_TEMPLATE, () => timelineModel(incident)],
    ['minutes', 'The last minutes', templates.TABLE_TEMPLATE, () => models.minutesModel(incident)],
    ['clocks', 'Clocks', templates.TABLE_TEMPLATE, () => models.clocksModel(incident)],
    ['awaits', 'Awaits', templates.AWAITS_TEMPLATE, () => awaitsModel(incident)],
    ['threads', 'Threads', templates.THREADS_TEMPLATE, () => models.threadsModel(incident)],
    ['sockets', 'Sockets', templates.TABLE_TEMPLATE, () => models.socketsModel(incident)],
    ['flame', 'Flame graph', templates.FLAME_TEMPLATE, () => flame],
    ['missing', 'Unavailable, and why', templates.FACTS_TEMPLATE, () => models.missingModel(incident)],
    ['files', 'Files of the bundle', templates.TABLE_TEMPLATE, () => models.filesModel(incident)],
    ['process', 'Process and capture', templates.FACTS_TEMPLATE, () => models.processModel(incident)],
  ]
  return all.flatMap(([id, head, template, model]) => {
    const html = attempt(() => {
      const data = model()
      return data === null ? null : eta.renderString(template, data)
    }, '<p class="note">This part of the bundle could not be shown: it is not as this tool writes it.</p>')
    return html === null ? [] : [{ id, head, html }]
  })
}

function profileNotes({ evidence, manifest }: ReportedIncident): string[] {
  const [main] = manifest.verdicts
  const doubt = main === undefined ? null : attempt(() => profileDoubt(evidence, main), null)
  return doubt === null ? [] : [printable(doubt)]
}

interface FlameGraph {
  readonly caption: string
  readonly page: string
  readonly scripts: readonly string[]
}

/** The stacks that the verdict rests on, where there are some; else V8's profile. */
function flameGraph(incident: ReportedIncident, profile: string | null): FlameGraph | null {
  const { manifest, evidence } = incident
  const samples = evidence?.samples ?? null
  const chosen = samples !== null && samples.samples.length > 0 ? fromSamples(samples) : fromProfile(profile)
  if (chosen === null) return null
  const { process } = manifest
  const title = `${process.argv.join(' ')} · pid ${process.pid} on ${process.hostname} · ${manifest.createdAt} · ${chosen.engine}`
  const { html, scripts } = speedscopePage(printable(title), chosen.json)
  return { caption: printable(`${title}. ${chosen.about}`), page: html, scripts }
}

function fromSamples(samples: StackSamples): { json: string; engine: string; about: string } {
  const missed = samples.missed > 0 ? `${samples.missed} more attempts got no stack.` : 'None was missed.'
  return {
    json: JSON.stringify(toCpuProfile(samples)),
    engine: `stacks by ${samples.engine}`,
    about: `${samples.samples.length} sampled stacks of the main thread; the verdict rests on them and on the looks. ${missed}`,
  }
}

function fromProfile(json: string | null): { json: string; engine: string; about: string } | null {
  return json === null ? null : { json, engine: 'CPU profile by V8', about: 'From cpu.cpuprofile of the bundle.' }
}

/** Scripts by their hashes, nothing from anywhere. Speedscope writes its styles at run time. */
function policyFor(scripts: readonly string[]): string {
  const hashes = scripts.map((script) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`)
  return [
    "default-src 'none'",
    `script-src ${hashes.join(' ')}`,
    "style-src 'unsafe-inline'",
    'img-src data:',
    'font-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
}
