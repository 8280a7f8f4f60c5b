/**
 * The one table of settings. Parsing, `--help`, the README and `docs/configuration.md` are all made from it, so that
 * none of them can drift. Knows names, types, defaults and bounds; deliberately not where a setting is used.
 */
import type { LogFormat, LogLevel } from '../model/log-level.js'
import { type Parsed, parseAddress, parsePort, parseWatchdogTime } from './parse-value.js'
import { parseResourceAttributes } from './resource-attributes.js'

export type Environment = Readonly<Record<string, string | undefined>>

/** All settings in the units the code works with. Made by `readSettings`. */
export interface Settings {
  /** Poll-loop silence before exit 70, ms. 0: the watchdog is off, evidence only. */
  readonly stallTimeoutMs: number
  /** Poll-loop silence before evidence is captured, ms. */
  readonly warnMs: number
  readonly eventLoopWarnMs: number
  /** An event loop that does not turn, before exit 70, ms. 0: never. Null: the default, which depends on the clocks. */
  readonly eventLoopTimeoutMs: number | null
  /** No poll loop has begun so long after the start, ms, before exit 70. 0: never. */
  readonly startupTimeoutMs: number
  /** No poll answered while the loop beats, ms, before evidence is captured. */
  readonly pollSuccessWarnMs: number
  /** The same before exit 70, ms. 0: never. */
  readonly pollSuccessTimeoutMs: number
  /** How long a task whose lease is extended may stand still; 0: by its own time-outs. */
  readonly taskStallMs: number
  /** Where bundles go; null: the default order of `incident/directory.ts`. */
  readonly dir: string | null
  readonly graceMs: number
  /** 0: no CPU profile. */
  readonly profileMs: number
  readonly cooldownMs: number
  readonly maxPerHour: number
  readonly maxDiskBytes: number
  readonly locals: boolean
  readonly heapSnapshot: boolean
  /** Whether a capture may open one new connection to a server whose polls keep failing. */
  readonly freshConnections: boolean
  readonly serverView: boolean
  /** Whether a connection that is proven dead may be closed from inside before the worker is ended. */
  readonly heal: boolean
  /** Limit of the capture thread's JavaScript heap, MB. */
  readonly captureMemoryMb: number
  readonly logLevel: LogLevel
  /** Where every incident goes by itself; null: nowhere. The rest of delivery: `sink-settings-table.ts`. */
  readonly sinkTo: string | null
  readonly logFormat: LogFormat
  /** Labels of every incident; null: take them from package.json (`config/application.ts`). */
  readonly service: string | null
  readonly version: string | null
  /** Written, where it exists, with why the watchdog ended the process. */
  readonly terminationLog: string
  /** systemd is told of readiness and life. */
  readonly systemdNotify: boolean
  /** Incidents go to the OpenTelemetry that the application has registered. */
  readonly openTelemetry: boolean
  /** Where the probes listen; 0: nowhere, and no thread answers them. */
  readonly probesPort: number
  /** An IP address. */
  readonly probesHost: string
  /** What /metrics and /incidents take; null: they are refused. */
  readonly probesToken: string | null
  readonly disabled: boolean
}

export type SettingKey = keyof Settings

/** `time`: seconds, fractions allowed. `size`: megabytes of 2^20 bytes. `secret`: in no settings file. */
export type SettingType = 'time' | 'count' | 'size' | 'boolean' | 'level' | 'format' | 'path' | 'text' | 'secret'

/** The value of another setting, for defaults that depend on one. */
export type ValueOf = <K extends SettingKey>(key: K) => Settings[K]

interface RowOf<K extends SettingKey> {
  readonly key: K
  readonly variable: string
  readonly type: SettingType
  /** The default, where it is one value: `defaultText` says the same for people. */
  readonly fallback: Settings[K] | ((valueOf: ValueOf, env: Environment) => Settings[K])
  /** As text for people. */
  readonly defaultText: string
  readonly meaning: string
  /** For times: what 0 means. `invalid`: 0 makes no sense here and counts as a mistake. */
  readonly zero?: 'off' | 'allowed' | 'invalid'
  /** Where its type does not say it all. */
  readonly parse?: (text: string) => Parsed<NonNullable<Settings[K]>>
  /** Text is a label: one line, bounded. */
  readonly label?: true
  /** The time-out that it warns of: at or above that it would never do its work. Off with 0. */
  readonly warnsOf?: 'stallTimeoutMs' | 'pollSuccessTimeoutMs'
}

export type SettingRow = { readonly [K in SettingKey]: RowOf<K> }[SettingKey]

/** 15 % of a time-out and at least 1 s; half of the time-out where that second would not be less than it. */
function warnFor(timeoutMs: number): number {
  if (timeoutMs === 0) return 45_000
  const usual = Math.max(1000, Math.round(timeoutMs * 0.15))
  return usual < timeoutMs ? usual : Math.max(1, Math.floor(timeoutMs / 2))
}

/** As long as the usual one, where that is less than the time-out. */
function warnBefore(timeoutMs: number, usual: number): number {
  return timeoutMs === 0 || usual < timeoutMs ? usual : warnFor(timeoutMs)
}

/** Label text: one line, bounded, since it ends in file names, tickets and metrics. */
export function labelOf(text: string | undefined): string | null {
  const clean = (text ?? '')
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, 200)
  return clean === '' ? null : clean
}

function resource(env: Environment, name: string): string | null {
  return labelOf(parseResourceAttributes(env['OTEL_RESOURCE_ATTRIBUTES']).get(name))
}

export const SETTINGS_TABLE: readonly SettingRow[] = [
  {
    key: 'stallTimeoutMs',
    variable: 'CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS',
    type: 'time',
    fallback: 300_000,
    parse: parseWatchdogTime,
    defaultText: '300',
    zero: 'off',
    meaning:
      'The watchdog: poll-loop silence before the worker is ended with exit code 70. 0 or negative: off (evidence only, never an exit).',
  },
  {
    key: 'warnMs',
    variable: 'CONDUCTOR_STALL_WARN_SECONDS',
    type: 'time',
    fallback: (of) => warnFor(of('stallTimeoutMs')),
    warnsOf: 'stallTimeoutMs',
    defaultText: '15 % of the watchdog time-out, at least 1; 45 when the watchdog is off',
    zero: 'invalid',
    meaning: 'Poll-loop silence before evidence is captured. Has to be less than the watchdog time-out.',
  },
  {
    key: 'eventLoopWarnMs',
    variable: 'CONDUCTOR_STALL_EVENT_LOOP_WARN_SECONDS',
    type: 'time',
    fallback: 5000,
    defaultText: '5',
    zero: 'invalid',
    meaning: 'The same for an event loop that does not turn.',
  },
  {
    key: 'eventLoopTimeoutMs',
    variable: 'CONDUCTOR_STALL_EVENT_LOOP_TIMEOUT_SECONDS',
    type: 'time',
    fallback: null,
    defaultText:
      'as CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS where no poll loop is known (or only its requests); else none, since the silence of the poll loop ends the worker',
    zero: 'off',
    meaning:
      'An event loop that does not turn, before exit 70. 0: never ended for that. Without effect when the watchdog is off.',
  },
  {
    key: 'startupTimeoutMs',
    variable: 'CONDUCTOR_STALL_STARTUP_TIMEOUT_SECONDS',
    type: 'time',
    fallback: 0,
    defaultText: '0; under `conductor-diag run`, the watchdog time-out once an earlier start had a poll loop',
    zero: 'off',
    meaning: 'How long after the start the first poll loop may take, before exit 70. 0: for ever.',
  },
  {
    key: 'pollSuccessWarnMs',
    variable: 'CONDUCTOR_STALL_POLL_SUCCESS_WARN_SECONDS',
    type: 'time',
    fallback: (of) => warnBefore(of('pollSuccessTimeoutMs'), of('warnMs')),
    warnsOf: 'pollSuccessTimeoutMs',
    defaultText: 'as CONDUCTOR_STALL_WARN_SECONDS',
    zero: 'invalid',
    meaning:
      'No poll answered at all (an error status is an answer) while the loop beats, before evidence is captured.',
  },
  {
    key: 'pollSuccessTimeoutMs',
    variable: 'CONDUCTOR_STALL_POLL_SUCCESS_TIMEOUT_SECONDS',
    type: 'time',
    fallback: (of) => of('stallTimeoutMs'),
    defaultText: 'as CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS',
    zero: 'off',
    meaning: 'The same, before exit 70. Acts only when the verdict says that a restart is the cure. 0 disables it.',
  },
  {
    key: 'taskStallMs',
    variable: 'CONDUCTOR_STALL_TASK_SECONDS',
    type: 'time',
    fallback: 0,
    defaultText: 'timeoutSeconds of its definition, else ten times what its type usually takes and at least 60',
    zero: 'allowed',
    meaning:
      'How long a task with an extended lease may hold its slot without any movement before it counts as stuck. 0: the default.',
  },
  {
    key: 'dir',
    variable: 'CONDUCTOR_STALL_DIR',
    type: 'path',
    fallback: null,
    defaultText: '$XDG_STATE_HOME/conductor-stall-agent or the like, else the temp folder',
    meaning: 'Where incident bundles go.',
  },
  {
    key: 'graceMs',
    variable: 'CONDUCTOR_STALL_GRACE_SECONDS',
    type: 'time',
    fallback: 20_000,
    defaultText: '20',
    zero: 'allowed',
    meaning: 'How long the watchdog waits for a capture under way before it ends the worker.',
  },
  {
    key: 'profileMs',
    variable: 'CONDUCTOR_STALL_PROFILE_SECONDS',
    type: 'time',
    fallback: 5000,
    defaultText: '5',
    zero: 'off',
    meaning: 'Length of the CPU profile, cut to what the deadline leaves. 0: none.',
  },
  {
    key: 'cooldownMs',
    variable: 'CONDUCTOR_STALL_COOLDOWN_SECONDS',
    type: 'time',
    fallback: 300_000,
    defaultText: '300',
    zero: 'allowed',
    meaning: 'Least time between two captures of the same clock.',
  },
  {
    key: 'maxPerHour',
    variable: 'CONDUCTOR_STALL_MAX_PER_HOUR',
    type: 'count',
    fallback: 6,
    defaultText: '6',
    meaning: 'Most captures in any hour (a sliding window).',
  },
  {
    key: 'maxDiskBytes',
    variable: 'CONDUCTOR_STALL_MAX_DISK_MB',
    type: 'size',
    fallback: 500 * 2 ** 20,
    defaultText: '500',
    meaning: 'Most disk space for bundles. The oldest go first, the newest never.',
  },
  {
    key: 'locals',
    variable: 'CONDUCTOR_STALL_LOCALS',
    type: 'boolean',
    fallback: false,
    defaultText: 'false',
    meaning: 'Local variables in stacks, redacted.',
  },
  {
    key: 'heapSnapshot',
    variable: 'CONDUCTOR_STALL_HEAP_SNAPSHOT',
    type: 'boolean',
    fallback: false,
    defaultText: 'false',
    meaning: 'Allow the one capture that pauses the worker.',
  },
  {
    key: 'freshConnections',
    variable: 'CONDUCTOR_STALL_FRESH_CONNECTIONS',
    type: 'boolean',
    fallback: true,
    defaultText: 'true',
    meaning:
      'Let a capture open one new connection (OPTIONS, no credentials, 3 s at most) to a server whose polls failed twice or more in a row, to tell a dead connection from a dead server.',
  },
  {
    key: 'serverView',
    variable: 'CONDUCTOR_STALL_SERVER_VIEW',
    type: 'boolean',
    fallback: true,
    defaultText: 'true',
    meaning:
      'Let a capture ask Conductor’s server, reading only and for 3 s at most, who polls the task types of silent pollers and how many tasks wait, over a connection of its own with the SDK’s credentials. Not without CONDUCTOR_STALL_FRESH_CONNECTIONS.',
  },
  {
    key: 'heal',
    variable: 'CONDUCTOR_STALL_HEAL',
    type: 'boolean',
    fallback: false,
    defaultText: 'false',
    meaning:
      'Close, from inside, the one connection of a poller that is proven dead (`awaiting/connection-reused-dead`, high), once the evidence is sealed. The worker is ended only if no poll is answered then. Needs CONDUCTOR_STALL_FRESH_CONNECTIONS.',
  },
  {
    key: 'captureMemoryMb',
    variable: 'CONDUCTOR_STALL_CAPTURE_MEMORY_MB',
    type: 'count',
    fallback: 64,
    defaultText: '64',
    meaning: 'Most JavaScript heap of the thread that captures, while it captures. Beyond it that thread is given up.',
  },
  {
    key: 'logLevel',
    variable: 'CONDUCTOR_STALL_LOG_LEVEL',
    type: 'level',
    fallback: 'info',
    defaultText: 'info',
    meaning: 'debug, info, warn, error or silent: JSON lines in the format of pino on stderr, never blocking.',
  },
  {
    key: 'sinkTo',
    variable: 'CONDUCTOR_STALL_SINK_TO',
    type: 'text',
    fallback: null,
    defaultText: 'nowhere',
    meaning: 'Where every incident goes by itself: destinations between commas, as of `conductor-diag attach --to`.',
  },
  {
    key: 'logFormat',
    variable: 'CONDUCTOR_STALL_LOG_FORMAT',
    type: 'format',
    fallback: 'json',
    defaultText: 'json; text under `conductor-diag run` on a terminal',
    meaning: 'json, or text: lines for a person, without their fields.',
  },
  {
    key: 'service',
    variable: 'CONDUCTOR_STALL_SERVICE',
    type: 'text',
    fallback: (_of, env) => labelOf(env['OTEL_SERVICE_NAME']) ?? resource(env, 'service.name'),
    label: true,
    defaultText: 'from OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, package.json',
    meaning: 'Name of the service, a label of every incident.',
  },
  {
    key: 'version',
    variable: 'CONDUCTOR_STALL_VERSION',
    type: 'text',
    fallback: (_of, env) => resource(env, 'service.version'),
    label: true,
    defaultText: 'from OTEL_RESOURCE_ATTRIBUTES, package.json',
    meaning: 'Version of the service, a label of every incident.',
  },
  {
    key: 'terminationLog',
    variable: 'CONDUCTOR_STALL_TERMINATION_LOG',
    type: 'path',
    fallback: '/dev/termination-log',
    defaultText: '/dev/termination-log',
    meaning:
      'Gets, where it exists, one line with the verdict when the watchdog ends the process: the `terminationMessagePath` of Kubernetes.',
  },
  {
    key: 'systemdNotify',
    variable: 'CONDUCTOR_STALL_SYSTEMD_NOTIFY',
    type: 'boolean',
    fallback: false,
    defaultText: 'false',
    meaning: 'Tell systemd (`Type=notify`, `WatchdogSec`) that the worker is ready, and that it is alive.',
  },
  {
    key: 'openTelemetry',
    variable: 'CONDUCTOR_STALL_OPENTELEMETRY',
    type: 'boolean',
    fallback: true,
    defaultText: 'true',
    meaning:
      'A span, counters and an event for each incident, where the application has registered an OpenTelemetry SDK.',
  },
  {
    key: 'probesPort',
    variable: 'CONDUCTOR_STALL_PROBES_PORT',
    type: 'count',
    fallback: 0,
    parse: parsePort,
    defaultText: '0 (no port is open)',
    meaning:
      'Port of /livez, /readyz, /metrics and /incidents, answered by a thread of the agent. Worker n of `run --workers` takes the n-th port from it.',
  },
  {
    key: 'probesHost',
    variable: 'CONDUCTOR_STALL_PROBES_HOST',
    type: 'text',
    fallback: '127.0.0.1',
    parse: parseAddress,
    defaultText: '127.0.0.1',
    meaning: 'The IP address that they listen on. In a pod: 0.0.0.0 (or ::), since the kubelet asks from outside.',
  },
  {
    key: 'probesToken',
    variable: 'CONDUCTOR_STALL_PROBES_TOKEN',
    type: 'secret',
    fallback: null,
    defaultText: 'none: only health is answered',
    meaning: 'What /metrics, /incidents and the reasons of /livez and /readyz take: `Authorization: Bearer TOKEN`.',
  },
  {
    key: 'disabled',
    variable: 'CONDUCTOR_STALL_DISABLED',
    type: 'boolean',
    fallback: false,
    defaultText: 'false',
    meaning: 'The preload does nothing.',
  },
]

/** Names a settings file, for the command line only; the agent reads the environment alone. */
export const CONFIG_FILE_VARIABLE = 'CONDUCTOR_STALL_CONFIG'

/** The name of a setting in a settings file: `warn_seconds`, `poll_stall_timeout_seconds`. */
export function fileKeyOf(variable: string): string {
  return variable.replace(/^CONDUCTOR_(?:STALL|WORKER)_/, '').toLowerCase()
}
