import { expect, test } from 'vitest'
import { isMissed } from '../../../src/awaits/judge/missed.js'

test('what was found on a path that was read again is not searched once more', () => {
  expect(isMissed({ kind: 'unknown', why: 'entry' })).toBe(false)
  expect(isMissed({ kind: 'unknown', why: 'atomics' })).toBe(false)
  expect(isMissed({ kind: 'timer', afterMs: 5 })).toBe(false)
})

test('what nothing was found for, what is only held and what moved are', () => {
  expect(isMissed({ kind: 'nothing', why: 'no-settler' })).toBe(true)
  expect(isMissed({ kind: 'unknown', why: 'no-settler' })).toBe(true)
  expect(isMissed({ kind: 'unknown', why: 'held' })).toBe(true)
  expect(isMissed({ kind: 'unknown', why: 'moved', cutShort: true, changed: true })).toBe(true)
  expect(isMissed({ kind: 'unknown', why: 'entry', cutShort: true })).toBe(true)
})

test('a lock without its holder is, with it or paused it is not', () => {
  const holder = { function: 'pay', file: '/srv/pay.js', line: 3, column: 5 }
  expect(isMissed({ kind: 'lock' })).toBe(true)
  expect(isMissed({ kind: 'lock', holders: [holder] })).toBe(false)
  expect(isMissed({ kind: 'lock', paused: true })).toBe(false)
})
