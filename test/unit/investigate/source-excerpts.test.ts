import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { excerptsOf } from '../../../src/investigate/source-excerpts.js'
import type { Evidence } from '../../../src/model/evidence.js'
import type { Verdict } from '../../../src/model/verdict.js'
import { createRedactor } from '../../../src/redact/redactor.js'
import { PROCESS, temporaryFolder, VERDICT } from '../../support/incidents.js'

let root: { readonly path: string; remove(): void }
beforeEach(() => {
  root = temporaryFolder('excerpts')
})
afterEach(() => root.remove())

const STARTED = Date.parse(PROCESS.startTime)

function put(file: string, text: string, changedAt: number): void {
  const target = path.join(root.path, file)
  mkdirSync(path.dirname(target), { recursive: true })
  writeFileSync(target, text)
  utimesSync(target, changedAt / 1000, changedAt / 1000)
}

function excerpts(verdict: Partial<Verdict>) {
  const evidence = { process: PROCESS, looks: [], tasks: null } as unknown as Evidence
  const verdicts = [{ ...VERDICT, chain: [], ...verdict }]
  return excerptsOf(evidence, verdicts, { root: root.path, redactor: createRedactor() }).excerpts
}

const WHERE = { function: 'f', file: '/srv/app/a.js', line: 2, column: 1 }

test('keeps three lines, without secrets, of a file older than the process', () => {
  put('/srv/app/a.js', "one\nlogin({ password: 'hunter2' })\nthree\nfour\n", STARTED - 60_000)
  const [only] = excerpts({ where: WHERE })
  expect(only).toMatchObject({ at: { file: '/srv/app/a.js', line: 2 }, changed: false })
  expect(only?.lines?.map((each) => each.line)).toEqual([1, 2, 3])
  expect(JSON.stringify(only)).not.toContain('hunter2')
})

test('says so where the file changed after the process started', () => {
  put('/srv/app/a.js', 'one\ntwo\nthree\n', STARTED + 60_000)
  expect(excerpts({ where: WHERE })[0]?.changed).toBe(true)
})

test('is silent of a file written just before the start, which the kernel dates up to a second early', () => {
  put('/srv/app/a.js', 'one\ntwo\nthree\n', STARTED + 950)
  expect(excerpts({ where: WHERE })[0]?.changed).toBe(false)
})

test('shows the original source where it is there, and the generated code where it is not', () => {
  put('/srv/app/a.js', 'generated one\ngenerated two\n', STARTED - 1000)
  const where = { ...WHERE, source: { file: '/srv/app/a.ts', line: 1, column: 1 } }
  expect(excerpts({ where })[0]).toMatchObject({ at: { line: 2 }, from: { file: '/srv/app/a.js', line: 2 } })
  put('/srv/app/a.ts', 'original one\n', STARTED - 1000)
  expect(excerpts({ where })[0]).toMatchObject({ from: { file: '/srv/app/a.ts', line: 1 } })
})

test("skips what is no code of the user's, and tells of a file that is gone", () => {
  const frame = { function: 'g', line: 1, column: 1, tier: null, async: false, native: false } as const
  const chain = [
    { ...frame, file: 'node:fs' },
    { ...frame, file: '/srv/app/node_modules/x/i.js' },
    { ...frame, file: '/gone.js' },
  ]
  expect(excerpts({ where: null, chain })).toEqual([
    {
      at: { file: '/gone.js', line: 1, column: 1 },
      from: { file: '/gone.js', line: 1, column: 1 },
      lines: null,
      changed: false,
    },
  ])
})
