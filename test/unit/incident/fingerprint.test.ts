import path from 'node:path'
import { expect, test } from 'vitest'
import { listBundles } from '../../../src/incident/bundle-list.js'
import { readBundle } from '../../../src/incident/bundle-reader.js'
import { fingerprintOf } from '../../../src/incident/fingerprint.js'
import type { Verdict } from '../../../src/model/verdict.js'

const FOLDER = path.resolve(__dirname, '../../fixtures/bundles/schema-1')
const verdicts = listBundles([FOLDER])
  .map((entry) => readBundle(entry.path).manifest.verdicts)
  .find((each) => each[0]?.cause === 'lock')!

/** The same deadlock in another release: every line moved. */
function moved(each: Verdict): Verdict {
  return {
    ...each,
    where: each.where && { ...each.where, line: each.where.line + 7 },
    chain: each.chain.map((frame) => ({ ...frame, line: (frame.line ?? 0) + 7 })),
  }
}

test('a deadlock is one cause whichever of its functions is named first, and in another release', () => {
  const print = fingerprintOf(verdicts, '/srv/app')
  expect(verdicts.length).toBe(2)
  expect(fingerprintOf(verdicts.toReversed(), '/srv/app')).toBe(print)
  expect(fingerprintOf(verdicts.map(moved), '/srv/app')).toBe(print)
})

test('two deadlocks on one kind of lock are two causes: their callers differ, not the code of the lock', () => {
  const other = verdicts.map((each) => ({
    ...each,
    chain: each.chain.map((frame) =>
      frame.function === 'reserve' || frame.function === 'post'
        ? { ...frame, function: `${frame.function}Refund` }
        : frame,
    ),
  }))
  expect(other[0]?.where).toEqual(verdicts[0]?.where)
  expect(fingerprintOf(other, '/srv/app')).not.toBe(fingerprintOf(verdicts, '/srv/app'))
})
