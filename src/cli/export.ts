/** `conductor-diag export ID`: what an incident's profile and timeline look like in the viewers that people have. */
import { type Command, Option } from 'commander'
import { readIncident, readProfile } from '../export/read-incident.js'
import { recoverBundle } from '../export/recover-bundle.js'
import { incidentTimeline } from '../export/timeline/incident-timeline.js'
import { findBundle } from '../incident/bundle-list.js'
import { formatBytes, plural } from '../model/amounts.js'
import { printable } from '../model/printable.js'
import type { StackSamples } from '../model/samples.js'
import { StallError } from '../model/stall-error.js'
import { readV8Profile } from '../profile/from-cpu-profile.js'
import type { ReportedIncident } from '../report/reported-incident.js'
import { addFolderOption, bundleFolders, type FolderOptions } from './bundle-folders.js'
import { examples } from './examples.js'
import { EXIT } from './exit-codes.js'
import { noteJsonLine, printBytes, printJson, printLine } from './output.js'
import { assertWritable, writeProfile } from './profile-file.js'
import { ENDINGS, type Format, FORMATS, FORMATS_HELP, OPENED_BY, renderSamples } from './profile-formats.js'

const STDOUT = '-'

interface ExportOptions extends FolderOptions {
  readonly format: Format
  readonly of?: 'stacks' | 'profile'
  readonly output?: string
  readonly json?: boolean
}

export function register(program: Command): void {
  const command = program
    .command('export')
    .description("an incident's stacks, profile and timeline for the viewers that you have")
    .addHelpText('after', examples('export latest', 'export 01M89Y -f pprof -o incident.pb.gz'))
    .argument('[id]', 'its id, the beginning of it, a path, or latest', 'latest')
    .addOption(new Option('-f, --format <name>', FORMATS_HELP).choices(FORMATS).default('firefox'))
    .addOption(
      new Option(
        '--of <what>',
        'the stacks that the verdict rests on, or the CPU profile by V8 (default: stacks where there are some); firefox has both',
      ).choices(['stacks', 'profile']),
    )
    .option('-o, --output <file>', 'where to, - for stdout (default: a name with the id, in this folder)')
    .option('--json', 'the closing line as JSON')
  addFolderOption(command).action(async (id: string, options: ExportOptions) => {
    process.exitCode = await exportIncident(id, options)
  })
}

async function exportIncident(id: string, options: ExportOptions): Promise<number> {
  const { bundle, fault } = recoverBundle(findBundle(bundleFolders(options).folders, id).path)
  if (fault !== null) printLine(`conductor-diag: ${fault.message} (${fault.code}); what is whole is exported`)
  if (options.output !== STDOUT) assertWritable(options.output)
  const incident = readIncident(bundle)
  const json = readProfile(bundle)
  const v8 = json === null ? null : readV8Profile(json)
  const stacks = incident.evidence?.samples ?? null
  const { content, samples, engine } = await render(incident, { stacks, v8, json }, options)
  const name = `${bundle.id}.${ENDINGS[options.format]}`
  const file = options.output === STDOUT ? STDOUT : writeProfile(options.output ?? name, content, name)
  if (file === STDOUT) printBytes(Buffer.from(content))
  const sizeBytes = Buffer.byteLength(content)
  if (options.json) {
    const closing = { schema: 1, id: bundle.id, file, format: options.format, engine, samples, sizeBytes }
    ;(file === STDOUT ? noteJsonLine : printJson)(closing)
  } else {
    const place = file === STDOUT ? 'stdout' : file
    const what = engine === null ? 'a timeline' : `${plural(samples, 'sample')} by ${engine}`
    printLine(`${place}: ${what}, ${formatBytes(sizeBytes)}. ${OPENED_BY[options.format]}`)
  }
  return EXIT.ok
}

interface Sources {
  readonly stacks: StackSamples | null
  readonly v8: StackSamples | null
  /** V8's own file. */
  readonly json: string | null
}

interface Rendered {
  readonly content: string | Uint8Array
  readonly samples: number
  /** Null of a timeline: it has all. */
  readonly engine: string | null
}

async function render(incident: ReportedIncident, sources: Sources, options: ExportOptions): Promise<Rendered> {
  const timeline = () => incidentTimeline(incident, sources.v8)
  const startedAtMs = Date.parse(incident.manifest.createdAt) || 0
  const { process, createdAt } = incident.manifest
  const title = (engine: string): string =>
    printable(`${process.argv.join(' ')} · pid ${process.pid} on ${process.hostname} · ${createdAt} · ${engine}`)
  if (options.format === 'firefox') {
    const all = { title: title('timeline'), startedAtMs, timeline }
    const none: StackSamples = { engine: 'memory', samples: [], missed: 0 }
    const count = (sources.stacks?.samples.length ?? 0) + (sources.v8?.samples.length ?? 0)
    return { content: await renderSamples(none, 'firefox', all), samples: count, engine: null }
  }
  const chosen = chooseSource(sources, options.of)
  // V8 knows more of its own profile than samples can hold: where functions begin, and which of their lines ran.
  if (chosen === sources.v8 && sources.json !== null && options.format === 'cpuprofile') {
    return { content: sources.json, samples: chosen.samples.length, engine: 'V8' }
  }
  const engine = chosen === sources.v8 ? 'V8' : chosen.engine
  const content = await renderSamples(chosen, options.format, { title: title(`by ${engine}`), startedAtMs, timeline })
  return { content, samples: chosen.samples.length, engine }
}

/** @throws StallError ERR_STALL_NOTHING_RUNNING where the main thread ran nothing that could be sampled */
function chooseSource({ stacks, v8 }: Sources, of: ExportOptions['of']): StackSamples {
  const some = (samples: StackSamples | null): StackSamples | null =>
    (samples?.samples.length ?? 0) > 0 ? samples : null
  const chosen = of === 'stacks' ? some(stacks) : of === 'profile' ? some(v8) : (some(stacks) ?? some(v8))
  if (chosen !== null) return chosen
  const what = of === 'profile' ? 'CPU profile' : of === 'stacks' ? 'stack samples' : 'stack samples and no CPU profile'
  throw new StallError('ERR_STALL_NOTHING_RUNNING', `this incident has no ${what}`, {
    help: 'They are taken while the main thread runs JavaScript. `conductor-diag export ID -f firefox` has the timeline of any incident.',
  })
}
