import { describe, expect, test } from 'vitest'
import { hasUnreadAnswers } from '../../../src/evidence/unread-answers.js'
import type { CapturedLook } from '../../../src/model/look.js'

function look(unread: number | null): CapturedLook {
  const answers = unread === null ? [] : [{ agent: 'Agent', unread, sockets: 4, limit: 4, example: null }]
  const awaits = { engine: 'memory' as const, awaits: [], roots: [], suspended: 0, pausedMs: 0, notes: [] }
  return {
    takenAtMs: 0,
    awaits: { status: 'captured', evidence: { ...awaits, unreadAnswers: answers }, tookMs: 1, pausedMs: 0 },
  }
}

describe('answers that lie unread', () => {
  test('count when both looks have them', () => {
    expect(hasUnreadAnswers([look(2), look(1)])).toBe(true)
  })

  test('do not when one is read between the looks, with one look, or without any', () => {
    expect(hasUnreadAnswers([look(2), look(null)])).toBe(false)
    expect(hasUnreadAnswers([look(2)])).toBe(false)
    expect(hasUnreadAnswers([look(null), look(null)])).toBe(false)
    expect(hasUnreadAnswers([{ takenAtMs: 0 }, { takenAtMs: 1 }])).toBe(false)
  })
})
