/** `diff` as people run it. */
import { spawnSync } from 'node:child_process'
import { cpSync, truncateSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { bundleIn, sealedBundle, temporaryFolder } from '../support/incidents.js'
import { CLI } from '../support/nodes.js'

const FIXTURES = path.resolve(__dirname, '../fixtures/bundles/schema-1')

let temporary: { readonly path: string; remove(): void }
beforeEach(() => {
  temporary = temporaryFolder('cli-diff')
  cpSync(FIXTURES, temporary.path, { recursive: true })
})
afterEach(() => temporary.remove())

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const env = { PATH: process.env['PATH'], HOME: temporary.path, CONDUCTOR_STALL_DIR: temporary.path }
  return spawnSync(process.execPath, [CLI, ...args], { encoding: 'utf8', env, timeout: 60_000 })
}

test('compares the looks of one incident, and two incidents, by the beginnings of their ids', () => {
  const one = run('diff', '01M8JH5K')
  expect(one).toMatchObject({ status: 0, stderr: '' })
  expect(one.stdout).toMatch(/^01M8JH5K\w+ look 1 -> look 2, 2 s later, the same process 20002\nVerdict {2}awaiting/)
  const two = run('diff', '01m8jh5k', '01M8JH5S', '--json')
  expect(JSON.parse(two.stdout)).toMatchObject({
    schema: 1,
    before: { look: 2, verdict: { cause: 'http-response' } },
    after: { look: 2, verdict: { cause: 'lock' } },
    sameProcess: false,
    sameVerdict: false,
  })
})

test('tells of one process forwards in time, of two in the order in which they were named', () => {
  for (const order of [
    ['01M8JH55', '01M8JH5A'],
    ['01M8JH5A', '01M8JH55'],
  ]) {
    expect(run('diff', ...order).stdout).toMatch(
      /^01M8JH55\w+ look \d -> 01M8JH5A\w+ look \d, [\d.]+ m?s later, the\s+same process/,
    )
  }
  expect(run('diff', '01M8JH5S', '01M8JH5K').stdout).toMatch(/^01M8JH5S\w+ look \d -> 01M8JH5K/)
})

test('says what can not be compared, and why', () => {
  const bare = path.basename(sealedBundle(temporary.path))
  expect(run('diff', bare)).toMatchObject({ status: 65, stderr: expect.stringMatching(/no evidence that can be/) })
  const partial = bundleIn(temporary.path)
  expect(run('diff', partial.id)).toMatchObject({ status: 65, stderr: expect.stringMatching(/BUNDLE_UNSEALED/) })
  expect(run('diff', 'ZZZZ')).toMatchObject({ status: 66, stderr: expect.stringMatching(/no bundle begins with ZZZZ/) })
  expect(run('diff', '01M8JH5')).toMatchObject({ status: 64, stderr: expect.stringMatching(/4 bundles begin with/) })
})

test('what is whole of a damaged bundle is compared', () => {
  truncateSync(path.join(temporary.path, '01M8JH5KFWYRCX7VMKB7VC45SP/incident.json'), 900)
  const torn = run('diff', '01M8JH5K')
  expect(torn).toMatchObject({ status: 65, stderr: expect.stringMatching(/what is whole is compared/) })
  expect(torn.stdout).toContain('chargeCard (wedges.js:24:18)')
})
