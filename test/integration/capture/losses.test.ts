/** The short form of `npm run losses`: every 16th file call of a capture kills it or finds the disk full. */
import { execFile } from 'node:child_process'
import path from 'node:path'
import { expect, test } from 'vitest'
import { PROJECT_ROOT } from '../../support/nodes.js'

interface Row {
  readonly what: string
  readonly attempts: number
  readonly lost: number
  readonly wrong: number
}

test('nothing that was captured is lost, and nothing is sealed wrong', { timeout: 180_000 }, async () => {
  const program = path.join(PROJECT_ROOT, 'test/losses/run.mjs')
  const said = await new Promise<string>((resolve, reject) => {
    execFile(process.execPath, [program, '--every', '16', '--json'], (error, stdout, stderr) => {
      if (error === null || stdout.startsWith('{')) resolve(stdout)
      else reject(new Error(stderr))
    })
  })
  const { calls, rows } = JSON.parse(said) as { calls: number; rows: Row[] }
  expect(calls).toBeGreaterThan(200)
  expect(rows.length).toBeGreaterThanOrEqual(4)
  for (const row of rows) {
    expect(row.attempts, row.what).toBeGreaterThan(2)
    expect([row.what, row.lost, row.wrong]).toEqual([row.what, 0, 0])
  }
})
