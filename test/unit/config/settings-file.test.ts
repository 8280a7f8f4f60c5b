import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parseSettingsFile, readSettingsWithFile } from '../../../src/config/settings-file.js'
import { StallError } from '../../../src/model/stall-error.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'settings-file-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

test('reads full and short names, nested names of sinks, and leaves out what is unknown with a warning', () => {
  const text = [
    '# how long a poll loop may be silent',
    'poll_stall_timeout_seconds: 60',
    'CONDUCTOR_STALL_WARN_SECONDS: 7.5',
    'locals: true',
    'sink:',
    '  webhook: { url: "https://example.test/hook" }',
    'tpyo: 1',
  ].join('\n')
  const { env, warnings } = parseSettingsFile(text, 'stall.yaml')
  expect(env).toEqual({
    CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: '60',
    CONDUCTOR_STALL_WARN_SECONDS: '7.5',
    CONDUCTOR_STALL_LOCALS: 'true',
    CONDUCTOR_STALL_SINK_WEBHOOK_URL: 'https://example.test/hook',
  })
  expect(warnings).toEqual(['stall.yaml: tpyo is not a setting; ignoring it'])
})

test('lets the environment win over the file', () => {
  const file = path.join(folder, 'stall.yaml')
  writeFileSync(file, 'warn_seconds: 7\ngrace_seconds: 3\n')
  const { settings } = readSettingsWithFile({ CONDUCTOR_STALL_CONFIG: file, CONDUCTOR_STALL_WARN_SECONDS: '9' })
  expect(settings).toMatchObject({ warnMs: 9000, graceMs: 3000 })
})

test.each([
  ['a: b: c', /stall\.yaml: .*line 1/s],
  ['- 1', /not a mapping/],
])('raises ERR_STALL_CONFIG_INVALID for %j', (text, message) => {
  let thrown: unknown
  try {
    parseSettingsFile(text, 'stall.yaml')
  } catch (error) {
    thrown = error
  }
  expect(thrown).toBeInstanceOf(StallError)
  expect(thrown).toMatchObject({ code: 'ERR_STALL_CONFIG_INVALID', message: expect.stringMatching(message) })
})

test('raises ERR_STALL_CONFIG_INVALID for a file that is not there', () => {
  expect(() => readSettingsWithFile({ CONDUCTOR_STALL_CONFIG: path.join(folder, 'absent.yaml') })).toThrow(
    expect.objectContaining({ code: 'ERR_STALL_CONFIG_INVALID' }),
  )
})

test('takes an empty file as no settings', () => {
  expect(parseSettingsFile('# nothing yet\n', 'stall.yaml')).toEqual({ env: {}, warnings: [] })
})
