import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { parseSettingsFile } from '../../../src/config/settings-file.js'
import { readSinkSettings } from '../../../src/config/sink-settings.js'
import { SINK_SETTINGS_TABLE } from '../../../src/config/sink-settings-table.js'
import { retryAfterMs } from '../../../src/sinks/http/retry-after.js'
import { nextAttemptAt } from '../../../src/sinks/flow/back-off.js'
import { openSinkHouse, parseDestination, SINKS } from '../../../src/sinks/registry/registry.js'
import { temporaryFolder } from '../../support/incidents.js'

test('has no variable twice, and rows only for destinations that there are', () => {
  expect(new Set(SINK_SETTINGS_TABLE.map(({ variable }) => variable)).size).toBe(SINK_SETTINGS_TABLE.length)
  const sinks = new Set(SINK_SETTINGS_TABLE.flatMap(({ sink }) => sink ?? []))
  expect(Object.keys(SINKS).filter((sink) => !sinks.has(sink))).toEqual([])
})

test('takes a secret from a file, names the file that is not there, and warns of slips', () => {
  const folder = temporaryFolder('secret')
  const file = path.join(folder.path, 'token')
  writeFileSync(file, ' abc123 \n')
  const settings = readSinkSettings({
    CONDUCTOR_STALL_SINK_JIRA_TOKEN_FILE: file,
    CONDUCTOR_STALL_SINK_JIRA_URL: 'https://jira.test/',
    CONDUCTOR_STALL_SINK_JIRA_TOKNE: 'x',
    CONDUCTOR_STALL_SINK_TIMEOUT_SECONDS: 'soon',
    CONDUCTOR_STALL_SINK_TO: 'jira, s3 ,',
  })
  expect(settings.of('jira').text('token')).toBe('abc123')
  expect(settings.of('jira').text('url')).toBe('https://jira.test')
  expect(settings.to).toEqual(['jira', 's3'])
  expect(settings.secrets).toEqual(['abc123'])
  expect(settings.missing('jira')).toEqual([])
  expect(settings.warnings).toEqual([
    'CONDUCTOR_STALL_SINK_TIMEOUT_SECONDS="soon" is not a number of seconds; using the default',
    'CONDUCTOR_STALL_SINK_JIRA_TOKNE is not a setting; ignoring it',
  ])
  expect(() => readSinkSettings({ CONDUCTOR_STALL_SINK_JIRA_TOKEN_FILE: `${file}x` })).toThrow(
    expect.objectContaining({
      code: 'ERR_STALL_CONFIG_INVALID',
      message: expect.stringContaining(`${file}x`) as string,
    }),
  )
  folder.remove()
})

test('refuses a secret in the settings file and a password in a URL, and takes the file that holds one', () => {
  expect(() => parseSettingsFile('sink: { rt: { password: hunter2 } }', 'stall.yaml')).toThrow(
    expect.objectContaining({
      code: 'ERR_STALL_CONFIG_INVALID',
      help: expect.stringContaining('sink_rt_password_file') as string,
    }),
  )
  const { env, warnings } = parseSettingsFile(
    'sink: { to: [rt, s3], pagerduty-incident: { token_file: /run/secrets/pd }, rt: { url: "https://rt.test" } }',
    'stall.yaml',
  )
  expect(env).toEqual({
    CONDUCTOR_STALL_SINK_TO: 'rt,s3',
    CONDUCTOR_STALL_SINK_PAGERDUTY_INCIDENT_TOKEN_FILE: '/run/secrets/pd',
    CONDUCTOR_STALL_SINK_RT_URL: 'https://rt.test',
  })
  expect(warnings).toEqual([])
  const [warning] = readSinkSettings({ CONDUCTOR_STALL_SINK_RT_URL: 'https://u:hunter2@rt.test' }).warnings
  expect(warning).toMatch(/password in it/)
  expect(warning).not.toContain('hunter2')
})

test('reads destinations, and says of an unknown one which there are', () => {
  expect(parseDestination(' Exec:OPS-12 ')).toEqual({ sink: 'exec', key: 'OPS-12', name: 'exec:OPS-12' })
  expect(parseDestination('file')).toEqual({ sink: 'file', key: null, name: 'file' })
  expect(() => parseDestination('file:x')).toThrow(expect.objectContaining({ code: 'ERR_STALL_USAGE' }))
  expect(() => parseDestination('pigeon')).toThrow(
    expect.objectContaining({ code: 'ERR_STALL_USAGE', help: expect.stringContaining('webhook') as string }),
  )
})

test('masks secrets as they are and as they stand in URLs', () => {
  const house = openSinkHouse({ env: { CONDUCTOR_STALL_SINK_RT_PASSWORD: 'p&ss word' } })
  expect(house.mask('a p&ss word b p%26ss%20word')).toBe('a [secret] b [secret]')
})

test('understands Retry-After as seconds and as a date, and no nonsense', () => {
  const now = Date.parse('2026-11-25T10:00:00Z')
  expect(retryAfterMs('120', now)).toBe(120_000)
  expect(retryAfterMs('Wed, 25 Nov 2026 10:01:00 GMT', now)).toBe(60_000)
  expect(retryAfterMs('Wed, 25 Nov 2026 09:00:00 GMT', now)).toBe(0)
  expect(retryAfterMs('soon', now)).toBeNull()
  expect(retryAfterMs('999999999', now)).toBe(86_400_000)
})

test('waits longer each time, an hour at most, and never less than the other side wants', () => {
  const wait = (attempts: number, retryAfter: number | null = null) =>
    Date.parse(nextAttemptAt(attempts, retryAfter, 0, () => 1))
  expect([1, 2, 3, 20].map((attempts) => wait(attempts))).toEqual([10_000, 20_000, 40_000, 3_600_000])
  expect(wait(1, 7_200_000)).toBe(7_200_000)
  expect(Date.parse(nextAttemptAt(1, null, 0, () => 0))).toBe(5000)
})
