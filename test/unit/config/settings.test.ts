import { expect, test } from 'vitest'
import { readSettings } from '../../../src/config/settings.js'
import { SETTINGS_TABLE } from '../../../src/config/settings-table.js'

test('gives the documented defaults, and no warning, for an empty environment', () => {
  expect(readSettings({})).toEqual({
    settings: {
      stallTimeoutMs: 300_000,
      taskStallMs: 0,
      warnMs: 45_000,
      eventLoopWarnMs: 5000,
      eventLoopTimeoutMs: null,
      startupTimeoutMs: 0,
      logFormat: 'json',
      pollSuccessWarnMs: 45_000,
      pollSuccessTimeoutMs: 300_000,
      dir: null,
      graceMs: 20_000,
      profileMs: 5000,
      cooldownMs: 300_000,
      maxPerHour: 6,
      maxDiskBytes: 500 * 2 ** 20,
      locals: false,
      heapSnapshot: false,
      freshConnections: true,
      serverView: true,
      heal: false,
      captureMemoryMb: 64,
      logLevel: 'info',
      sinkTo: null,
      service: null,
      version: null,
      terminationLog: '/dev/termination-log',
      systemdNotify: false,
      openTelemetry: true,
      probesPort: 0,
      probesHost: '127.0.0.1',
      probesToken: null,
      disabled: false,
    },
    warnings: [],
  })
})

test('has one row for each setting and no variable twice', () => {
  expect(SETTINGS_TABLE.map((row) => row.key).sort()).toEqual(Object.keys(readSettings({}).settings).sort())
  expect(new Set(SETTINGS_TABLE.map((row) => row.variable)).size).toBe(SETTINGS_TABLE.length)
})

test.each([
  ['0', 0],
  ['-5', 0],
  ['0.25', 250],
  [' 12 ', 12_000],
  ['1e1', 10_000],
  ['.5', 500],
  ['0.0001', 1],
])('takes a watchdog time-out of %j as %d ms without a warning', (text, expected) => {
  const { settings, warnings } = readSettings({ CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: text })
  expect(settings.stallTimeoutMs).toBe(expected)
  expect(warnings).toEqual([])
})

test.each(['abc', '5s', 'Infinity', 'NaN', '0x10', '1e99', '12,5'])(
  'uses 300 s and says so once for a watchdog time-out of %j',
  (text) => {
    const { settings, warnings } = readSettings({ CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: text })
    expect(settings.stallTimeoutMs).toBe(300_000)
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toMatch(/^CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS="/)
    expect(warnings[0]).toContain(JSON.stringify(text))
    expect(warnings[0]).toMatch(/using 300 s$/)
  },
)

test('takes an empty variable as not set', () => {
  const { settings, warnings } = readSettings({
    CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: ' ',
    CONDUCTOR_STALL_LOCALS: '',
  })
  expect(settings.stallTimeoutMs).toBe(300_000)
  expect(warnings).toEqual([])
})

test.each([
  ['100', 15_000],
  ['4', 1000],
  ['1', 500],
  ['0.4', 200],
  ['0', 45_000],
])('warns, with a time-out of %s s, after %d ms', (timeout, expected) => {
  const { settings } = readSettings({ CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: timeout })
  expect(settings.warnMs).toBe(expected)
  expect(settings.pollSuccessWarnMs).toBe(expected)
})

test('refuses a warn threshold at or above the stall, once, and uses the default', () => {
  const { settings, warnings } = readSettings({
    CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: '20',
    CONDUCTOR_STALL_WARN_SECONDS: '20',
  })
  expect(settings.warnMs).toBe(3000)
  expect(warnings).toEqual([
    'CONDUCTOR_STALL_WARN_SECONDS="20" is not less than the time-out of 20 s that it should warn of; using 3 s',
  ])
})

test('accepts any warn threshold when the watchdog is off', () => {
  const { settings, warnings } = readSettings({
    CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: '0',
    CONDUCTOR_STALL_WARN_SECONDS: '4000',
  })
  expect(settings).toMatchObject({ warnMs: 4_000_000, pollSuccessWarnMs: 4_000_000, pollSuccessTimeoutMs: 0 })
  expect(warnings).toEqual([])
})

test('keeps the poll-success warn below a poll-success time-out shorter than the watchdog', () => {
  const { settings, warnings } = readSettings({ CONDUCTOR_STALL_POLL_SUCCESS_TIMEOUT_SECONDS: '10' })
  expect(settings).toMatchObject({ pollSuccessTimeoutMs: 10_000, pollSuccessWarnMs: 1500 })
  expect(warnings).toEqual([])
})

test.each(['CONDUCTOR_STALL_GRACE_SECONDS', 'CONDUCTOR_STALL_WARN_SECONDS', 'CONDUCTOR_STALL_COOLDOWN_SECONDS'])(
  'says once that a negative %s is not used',
  (variable) => {
    const { settings, warnings } = readSettings({ [variable]: '-1' })
    expect(settings).toEqual(readSettings({}).settings)
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toContain(`${variable}="-1"`)
  },
)

test.each([
  ['1', true],
  ['TRUE', true],
  ['Yes', true],
  ['on', true],
  ['0', false],
  ['False', false],
  ['NO', false],
  ['off', false],
])('takes %j as %s', (text, expected) => {
  const { settings, warnings } = readSettings({ CONDUCTOR_STALL_DISABLED: text })
  expect(settings.disabled).toBe(expected)
  expect(warnings).toEqual([])
})

test('says once each that a boolean, a count, a size and a level are not understood', () => {
  const { settings, warnings } = readSettings({
    CONDUCTOR_STALL_LOCALS: 'maybe',
    CONDUCTOR_STALL_MAX_PER_HOUR: '2.5',
    CONDUCTOR_STALL_MAX_DISK_MB: '-3',
    CONDUCTOR_STALL_LOG_LEVEL: 'loud',
  })
  expect(settings).toEqual(readSettings({}).settings)
  expect(warnings).toHaveLength(4)
})

test('cuts a very long wrong value in its warning', () => {
  const { warnings } = readSettings({ CONDUCTOR_STALL_LOCALS: 'x'.repeat(10_000) })
  expect(warnings[0]?.length).toBeLessThan(250)
})

test('prefers its own label, then OTEL_SERVICE_NAME, then the resource attributes', () => {
  const otel = { OTEL_RESOURCE_ATTRIBUTES: 'service.name=from%20attributes, service.version=1.2.3,broken,=x,a=%zz' }
  expect(readSettings(otel).settings).toMatchObject({ service: 'from attributes', version: '1.2.3' })
  expect(readSettings({ ...otel, OTEL_SERVICE_NAME: 'otel' }).settings.service).toBe('otel')
  expect(
    readSettings({ ...otel, CONDUCTOR_STALL_SERVICE: 'own', CONDUCTOR_STALL_VERSION: '9' }).settings,
  ).toMatchObject({
    service: 'own',
    version: '9',
  })
})

test('keeps labels to one line', () => {
  expect(readSettings({ CONDUCTOR_STALL_SERVICE: 'a\nb\u0000c' }).settings.service).toBe('a b c')
})

test('a port and an address are taken, and what is none is told of', () => {
  const read = (port: string, host: string) =>
    readSettings({ CONDUCTOR_STALL_PROBES_PORT: port, CONDUCTOR_STALL_PROBES_HOST: host })
  for (const host of ['0.0.0.0', '::', '::1', '127.0.0.1']) {
    expect(read('9464', host)).toMatchObject({ settings: { probesPort: 9464, probesHost: host }, warnings: [] })
  }
  expect(read('9464', 'localhost').settings.probesHost).toBe('127.0.0.1')
  const { settings, warnings } = read('70000', 'example.com')
  expect(settings).toMatchObject({ probesPort: 0, probesHost: '127.0.0.1' })
  expect(warnings).toEqual([
    'CONDUCTOR_STALL_PROBES_PORT="70000" is no port; using 0 (no port)',
    'CONDUCTOR_STALL_PROBES_HOST="example.com" is no IP address; using 127.0.0.1',
  ])
})

test('the text of a default says what the default is, where it is one value', () => {
  const told = SETTINGS_TABLE.filter(({ fallback }) => fallback !== null && typeof fallback !== 'function')
  expect(told.length).toBeGreaterThan(15)
  for (const row of told) {
    const unit = row.type === 'time' ? 1000 : row.type === 'size' ? 2 ** 20 : null
    const value = unit === null ? String(row.fallback) : String(Number(row.fallback) / unit)
    // Tasks have a default that depends on each of them.
    if (row.key !== 'taskStallMs')
      expect([row.key, row.defaultText]).toEqual([
        row.key,
        expect.stringMatching(new RegExp(`^${value}\\b|^${value}$`)),
      ])
  }
})
