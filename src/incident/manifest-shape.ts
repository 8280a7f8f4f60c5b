/**
 * Whether a manifest is one, to the last field that something else reads. Bundles come out of tickets and from other
 * users' processes: each list has a bound, each name a type, so that whoever shows one need not doubt it.
 */
import { healShape } from './heal-shape.js'

/** More than any capture writes, and still read in a moment. */
export const MANIFEST_LIMITS = {
  artifacts: 256,
  verdicts: 1000,
  clocks: 1024,
  missing: 1000,
  notes: 1000,
  redacted: 500,
  chain: 5000,
  signs: 1000,
  evidence: 1000,
  argv: 10_000,
} as const

type Limited = keyof typeof MANIFEST_LIMITS
type Json = Readonly<Record<string, unknown>>

/** What is wrong, to be said after the file's name; null when nothing is. */
export function manifestFault(value: Json): string | null {
  for (const key of ['verdicts', 'clocks', 'artifacts', 'missing'] as const) {
    const fault = listFault(value[key], key, key)
    if (fault !== null) return fault
  }
  for (const key of ['process', 'cost', 'redacted', 'tool']) {
    if (!isObject(value[key])) return `has no object named ${key}`
  }
  return (
    textsFault(value, 'the manifest', ['createdAt', 'sealedAt'], [], ['fingerprint', 'follows']) ??
    (value['notes'] === undefined ? null : textListFault(value['notes'], 'notes', 'notes')) ??
    first(value['verdicts'], verdictFault) ??
    first(
      value['clocks'],
      (clock) => textsFault(clock, 'a clock', ['name']) ?? numbersFault(clock, 'a clock', ['ageMs', 'beats']),
    ) ??
    first(value['missing'], (each) => textsFault(each, 'a missing part', ['name', 'code', 'message', 'help'])) ??
    duplicateFault(value['artifacts'] as readonly Json[]) ??
    processFault(value['process'] as Json) ??
    stallFault(value['stall']) ??
    numbersFault(value['cost'] as Json, 'the cost', ['pausedMs', 'cpuMs', 'wallMs']) ??
    textsFault(value['tool'] as Json, 'the tool', ['name', 'version']) ??
    redactedFault(value['redacted'] as Json)
  )
}

function verdictFault(verdict: Json): string | null {
  const what = 'a verdict'
  return (
    textsFault(verdict, what, ['kind', 'confidence', 'summary', 'refutedBy', 'nextStep'], ['cause']) ??
    textListFault(verdict['signs'], 'signs', 'signs of a verdict') ??
    textListFault(verdict['evidence'], 'evidence', 'evidence of a verdict') ??
    listFault(verdict['chain'], 'chain', 'frames in the chain of a verdict') ??
    first(verdict['chain'], (frame) => placeFault(frame, 'a frame of a chain', true)) ??
    (verdict['where'] === null || verdict['where'] === undefined
      ? null
      : placeFault(verdict['where'], 'a place', false))
  )
}

function placeFault(place: unknown, what: string, mayLack: boolean): string | null {
  if (!isObject(place)) return `has ${what} that is not an object`
  const known = ['function', 'file']
  const fault = mayLack ? textsFault(place, what, [], known) : textsFault(place, what, ['file'], ['function'])
  return fault ?? positionFault(place, what) ?? sourceFault(place['source'], `the source of ${what}`)
}

/** Where a source map leads: a place without a function of its own. */
function sourceFault(source: unknown, what: string): string | null {
  if (source === undefined) return null
  if (!isObject(source)) return `has ${what} that is not an object`
  return textsFault(source, what, ['file'], [], ['function']) ?? positionFault(source, what)
}

function positionFault(place: Json, what: string): string | null {
  for (const key of ['line', 'column']) {
    const number = place[key]
    if (number !== null && number !== undefined && typeof number !== 'number') {
      return `has ${what} without a valid ${key}`
    }
  }
  return null
}

function processFault(process: Json): string | null {
  return (
    numbersFault(process, 'the process', ['pid']) ??
    textListFault(process['argv'], 'argv', 'arguments') ??
    textsFault(
      process,
      'the process',
      ['hostname', 'startTime', 'arch', 'platform'],
      ['node', 'v8', 'executable', 'cwd', 'service', 'version', 'commit'],
    )
  )
}

function stallFault(stall: unknown): string | null {
  if (stall === null || stall === undefined) return null
  if (!isObject(stall)) return 'has a stall that is not an object'
  if (stall['heal'] !== undefined && !healShape(stall['heal'])) return 'has a heal of its stall that is not well-formed'
  return (
    textsFault(stall, 'the stall', ['trigger', 'level'], ['clock'], ['reason']) ??
    numbersFault(stall, 'the stall', ['ageMs', 'thresholdMs'])
  )
}

function redactedFault(redacted: Json): string | null {
  const counts = Object.values(redacted)
  if (counts.length > MANIFEST_LIMITS.redacted) return tooMany('rules under redacted', counts.length, 'redacted')
  return counts.every((count) => typeof count === 'number') ? null : 'counts something else than numbers under redacted'
}

/** Twice the same name makes one file be read twice, and twenty thousand times the same. */
function duplicateFault(artifacts: readonly Json[]): string | null {
  const names = artifacts.map(({ name }) => (typeof name === 'string' ? name : ''))
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  return twice === undefined ? null : `lists ${twice} twice`
}

function listFault(list: unknown, limit: Limited, what: string): string | null {
  if (!Array.isArray(list)) return `has no list of ${what}`
  return list.length > MANIFEST_LIMITS[limit] ? tooMany(what, list.length, limit) : null
}

function textListFault(list: unknown, limit: Limited, what: string): string | null {
  const fault = listFault(list, limit, what)
  if (fault !== null) return fault
  return (list as unknown[]).every((text) => typeof text === 'string') ? null : `lists ${what} that are not text`
}

function tooMany(what: string, count: number, limit: Limited): string {
  return `has ${count} ${what}, and at most ${MANIFEST_LIMITS[limit]} are read`
}

function first(list: unknown, faultOf: (each: Json) => string | null): string | null {
  for (const each of list as readonly unknown[]) {
    const fault = isObject(each) ? faultOf(each) : 'lists something that is not an object'
    if (fault !== null) return fault
  }
  return null
}

function textsFault(
  value: Json,
  what: string,
  needed: readonly string[],
  nullable: readonly string[] = [],
  optional: readonly string[] = [],
): string | null {
  const bad = [
    ...needed.filter((key) => typeof value[key] !== 'string'),
    ...nullable.filter((key) => value[key] !== null && typeof value[key] !== 'string'),
    ...optional.filter((key) => value[key] !== null && value[key] !== undefined && typeof value[key] !== 'string'),
  ]
  return bad.length === 0 ? null : `has ${what} without a valid ${bad[0] ?? ''}`
}

function numbersFault(value: Json, what: string, keys: readonly string[]): string | null {
  const bad = keys.find((key) => typeof value[key] !== 'number')
  return bad === undefined ? null : `has ${what} without a valid ${bad}`
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
