/**
 * Settings from an environment. Unset (or empty) means the default; invalid means one warning that names variable,
 * value and what is used instead. Loads node core only: the worker's main thread runs this.
 */
import {
  parseBoolean,
  parseCount,
  parseLogFormat,
  parseLogLevel,
  parseMegabytes,
  parseTimeMs,
  type Parsed,
} from './parse-value.js'
import { SETTINGS_TABLE, type SettingKey, type Settings } from './settings-table.js'
import { parseResourceAttributes } from './resource-attributes.js'

export type Environment = Readonly<Record<string, string | undefined>>

export interface SettingsResult {
  readonly settings: Settings
  /** For the log, one a mistake; never thrown. */
  readonly warnings: readonly string[]
}

const VARIABLES: ReadonlyMap<SettingKey, string> = new Map(SETTINGS_TABLE.map((row) => [row.key, row.variable]))

function variableOf(key: SettingKey): string {
  return VARIABLES.get(key) ?? key
}

/** Reads one environment once; collects the warnings. */
class Reader {
  readonly warnings: string[] = []
  readonly #env: Environment

  constructor(env: Environment) {
    this.#env = env
  }

  /** Undefined when unset or empty: `VAR=` in a unit file or manifest means "not set". */
  raw(key: SettingKey): string | undefined {
    const text = this.#env[variableOf(key)]
    return text === undefined || text.trim() === '' ? undefined : text
  }

  read<T>(key: SettingKey, parse: (text: string) => Parsed<T>, fallback: T, show: (used: T) => string): T {
    const text = this.raw(key)
    if (text === undefined) return fallback
    const parsed = parse(text)
    if ('value' in parsed) return parsed.value
    this.warn(key, parsed.invalid, show(fallback))
    return fallback
  }

  warn(key: SettingKey, what: string, used: string): void {
    // Cut: somebody may have pasted a file into a variable, and a warning is one line.
    const text = JSON.stringify((this.raw(key) ?? '').slice(0, 80))
    this.warnings.push(`${variableOf(key)}=${text} ${what}; using ${used}`)
  }
}

function seconds(ms: number): string {
  return ms === 0 ? '0 (off)' : `${ms / 1000} s`
}

function positiveTime(text: string): Parsed<number> {
  const parsed = parseTimeMs(text)
  if ('value' in parsed && parsed.value <= 0) return { invalid: 'is not more than 0 seconds' }
  return parsed
}

function timeFromZero(text: string): Parsed<number> {
  const parsed = parseTimeMs(text)
  if ('value' in parsed && parsed.value < 0) return { invalid: 'is a negative time' }
  return parsed
}

function port(text: string): Parsed<number> {
  const parsed = parseCount(text)
  return 'value' in parsed && parsed.value > 65_535 ? { invalid: 'is no port' } : parsed
}

/** Names would have to be looked up, which may block. Not by node:net, which no worker has to load for this. */
const ADDRESS = /^(?:(?:\d{1,3}\.){3}\d{1,3}|[\da-f]*:[\da-f:.]+)$/i

function address(text: string): Parsed<string> {
  const wanted = text.trim() === 'localhost' ? '127.0.0.1' : text.trim()
  return ADDRESS.test(wanted) ? { value: wanted } : { invalid: 'is no IP address' }
}

/** The watchdog's own: 0 and negative both mean off, as in the Python SDK's. */
function watchdogTime(text: string): Parsed<number> {
  const parsed = parseTimeMs(text)
  return 'value' in parsed ? { value: Math.max(0, parsed.value) } : parsed
}

/** 15 % of a time-out and at least 1 s; half of the time-out where that second would not be less than it. */
function warnFor(timeoutMs: number): number {
  if (timeoutMs === 0) return 45_000
  const usual = Math.max(1000, Math.round(timeoutMs * 0.15))
  return usual < timeoutMs ? usual : Math.max(1, Math.floor(timeoutMs / 2))
}

/** A warn threshold at or above the time-out it warns of would never do its work. */
function readWarn(reader: Reader, key: SettingKey, timeoutMs: number, usual: number): number {
  const fallback = timeoutMs === 0 || usual < timeoutMs ? usual : warnFor(timeoutMs)
  const value = reader.read(key, positiveTime, fallback, seconds)
  if (timeoutMs === 0 || value < timeoutMs || value === fallback) return value
  reader.warn(key, `is not less than the time-out of ${seconds(timeoutMs)} that it should warn of`, seconds(fallback))
  return fallback
}

/** Label text: one line, bounded, since it ends in file names, tickets and metrics. */
function label(text: string | undefined): string | null {
  const clean = (text ?? '')
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, 200)
  return clean === '' ? null : clean
}

export function readSettings(env: Environment): SettingsResult {
  const reader = new Reader(env)
  const flag = (key: SettingKey): boolean => reader.read(key, parseBoolean, false, String)
  const stallTimeoutMs = reader.read('stallTimeoutMs', watchdogTime, 300_000, seconds)
  const pollSuccessTimeoutMs = reader.read('pollSuccessTimeoutMs', timeFromZero, stallTimeoutMs, seconds)
  const warnMs = readWarn(reader, 'warnMs', stallTimeoutMs, warnFor(stallTimeoutMs))
  const resource = parseResourceAttributes(env['OTEL_RESOURCE_ATTRIBUTES'])
  const settings: Settings = {
    stallTimeoutMs,
    warnMs,
    eventLoopWarnMs: reader.read('eventLoopWarnMs', positiveTime, 5000, seconds),
    eventLoopTimeoutMs: reader.read<number | null>('eventLoopTimeoutMs', timeFromZero, null, () => 'the default'),
    startupTimeoutMs: reader.read('startupTimeoutMs', timeFromZero, 0, seconds),
    pollSuccessWarnMs: readWarn(reader, 'pollSuccessWarnMs', pollSuccessTimeoutMs, warnMs),
    pollSuccessTimeoutMs,
    taskStallMs: reader.read('taskStallMs', timeFromZero, 0, seconds),
    dir: reader.raw('dir') ?? null,
    graceMs: reader.read('graceMs', timeFromZero, 20_000, seconds),
    profileMs: reader.read('profileMs', timeFromZero, 5000, seconds),
    cooldownMs: reader.read('cooldownMs', timeFromZero, 300_000, seconds),
    maxPerHour: reader.read('maxPerHour', parseCount, 6, String),
    maxDiskBytes: reader.read('maxDiskBytes', parseMegabytes, 500 * 2 ** 20, (bytes) => `${bytes / 2 ** 20} MB`),
    locals: flag('locals'),
    heapSnapshot: flag('heapSnapshot'),
    serverView: reader.read('serverView', parseBoolean, true, String),
    freshConnections: reader.read('freshConnections', parseBoolean, true, String),
    captureMemoryMb: reader.read('captureMemoryMb', parseCount, 64, String),
    logLevel: reader.read('logLevel', parseLogLevel, 'info', String),
    sinkTo: reader.raw('sinkTo') ?? null,
    logFormat: reader.read('logFormat', parseLogFormat, 'json', String),
    service: label(reader.raw('service')) ?? label(env['OTEL_SERVICE_NAME']) ?? label(resource.get('service.name')),
    version: label(reader.raw('version')) ?? label(resource.get('service.version')),
    terminationLog: reader.raw('terminationLog') ?? '/dev/termination-log',
    systemdNotify: flag('systemdNotify'),
    openTelemetry: reader.read('openTelemetry', parseBoolean, true, String),
    probesPort: reader.read('probesPort', port, 0, (used) => (used === 0 ? '0 (no port)' : String(used))),
    probesHost: reader.read('probesHost', address, '127.0.0.1', String),
    probesToken: reader.raw('probesToken')?.trim() ?? null,
    disabled: flag('disabled'),
  }
  return { settings, warnings: reader.warnings }
}
