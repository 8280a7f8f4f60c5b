/** What a recording is called: of what, when, where, how. */
import { hostname } from 'node:os'
import { readCommandLine } from '../platform/procfs/process.js'
import { printable } from '../model/printable.js'
import type { RecordingEnd, StackSamples } from '../model/samples.js'
import type { Target } from '../model/target.js'
import { createRedactor } from '../redact/redactor.js'
import { ENDINGS, type Format } from './profile-formats.js'

/** Why sampling came to an end by itself; the rest of a sentence. */
export const ENDS: Readonly<Record<RecordingEnd, string>> = {
  ended: 'has ended',
  replaced: 'runs another program since (exec)',
}

/** What a page that is sent around has to say of itself: of what, where, when, how, and what was missed. */
export function profileTitle(target: Target, engine: string, samples?: StackSamples): string {
  const command = commandOf(target)
  const turns = samples === undefined ? 0 : samples.samples.length + samples.missed
  const missed = samples !== undefined && samples.missed > 0 ? `, ${samples.missed} of ${turns} turns missed` : ''
  const when = new Date().toISOString().replace(/\.\d+Z$/, 'Z')
  return printable(`${command || 'node'} · pid ${target.pid} on ${hostname()} · ${when} · by ${engine}${missed}`)
}

/** Redacted; empty where it can't be read. */
export function commandOf(target: Target): string {
  return createRedactor().argv(readCommandLineOf(target)).join(' ')
}

function readCommandLineOf(target: Target): readonly string[] {
  try {
    return readCommandLine(target.procRoot ?? `/proc/${target.pid}`)
  } catch {
    // It has ended, or keeps its command line to itself.
    return []
  }
}

export function defaultName(pid: number, format: Format): string {
  const time = new Date()
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(':', '-')
  return `${pid}-${time}.${ENDINGS[format]}`
}
