import { describe, expect, test } from 'vitest'
import { takingCall, takingSites, useOfTaken, wayOutOfTaking } from '../../../src/source/given-back.js'

/** The text, suspended at the await that `@` stands before. */
function use(marked: string) {
  return useOfTaken(marked.replace('@', ''), marked.indexOf('@'))
}

describe('what a suspended function took', () => {
  test.each([
    ['is used further on', 'kept', '() { const c = await p.connect(); @await go(); c.release() }'],
    [
      'is given back in finally',
      'kept',
      '() { const c = await p.connect(); try { @await go() } finally { c.release() } }',
    ],
    ['was never given back', 'kept', '() { const c = await p.connect(); @await go() }'],
    ['was given back', 'over', '() { const c = await p.connect(); c.release(); @await go() }'],
    ['was handed back to its pool', 'over', '() { const c = await p.acquire(); p.release(c); @await go() }'],
    ['is taken anew', 'over', '() { for (;;) { const c = @await p.connect(); if (x) continue; c.release() } }'],
    [
      'was given back before it was taken again',
      'kept',
      '() { let c = await p.connect(); c.release(); c = await p.connect(); @await go() }',
    ],
    ['can not be told from its text', null, '(c) { @await go(c) }'],
  ])('%s', (_name, expected, text) => {
    expect(use(text)).toBe(expected)
  })
})

test.each([
  ['by its name', 'const c = await this.db.pool.connect()', { method: 'connect', of: 'pool' }],
  ['by what becomes of it', 'const c = await lender.next(); c.release()', { method: 'next', of: 'lender' }],
  ['without an object', 'const c = await getClient()', { method: 'getClient', of: '' }],
  ['as another one', 'const rows = await pool.query(1)', null],
])('a call that takes is known %s', (_name, text, expected) => {
  expect(takingCall(text, text.indexOf('await'))).toEqual(expected)
})

test('calls like it are found, and neither definitions nor other objects of that method', () => {
  const text = `
    async function a() { const c = await pool.connect() }
    const b = () => this.pool.connect()
    class Pool { async connect() {} }
    redis.connect() // pool.connect()
    function take() { return pool.connect() }`
  const sites = takingSites(text, { method: 'connect', of: 'pool' })
  expect(sites.map(({ at, handsOn }) => [text.slice(at, at + 12), handsOn])).toEqual([
    ['await pool.c', false],
    ['this.pool.co', true],
    ['pool.connect', true],
  ])
})

describe('a way out with what was taken', () => {
  test.each([
    ['by a return', 'return', '() { const c = await p.connect(); if (x) return; c.release() }'],
    [
      'by the next round of its loop',
      'continue',
      '() { for (;;) { const c = await p.connect(); if (x) continue; c.release() } }',
    ],
    ['at its end', 'never', '() { const c = await p.connect(); await c.query(1); return 2 }'],
    [
      'by a rolled back transaction that is not',
      'return',
      '() { const t = await db.transaction(); if (x) return; await t.commit() }',
    ],
  ])('leads %s', (_name, word, text) => {
    expect(wayOutOfTaking(text, text.indexOf('await'))).toMatchObject({ word })
  })

  test.each([
    [
      'it is given back in finally',
      'safe',
      '() { const c = await p.connect(); try { return await c.q() } finally { c.release() } }',
    ],
    ['it is given back at once', 'safe', '() { const c = await p.connect(); c.release(); if (x) return }'],
    ['one branch gives it back', null, '() { const c = await p.connect(); if (x) { c.release(); return } return 3 }'],
    ['it is kept elsewhere', null, '() { const c = await p.connect(); all.set(1, c) }'],
    ['a transaction is handed what runs in it', 'safe', '() { await db.transaction(async (tx) => { await tx.q() }) }'],
    [
      'an inner loop goes on',
      'safe',
      '() { const c = await p.connect(); for (const x of y) { if (x) continue; z() } c.release() }',
    ],
    [
      'an error is caught',
      null,
      '() { const c = await p.connect(); try { await c.q(); } catch (e) { c.release() } c.release() }',
    ],
  ])('is not said where %s', (_name, expected, text) => {
    expect(wayOutOfTaking(text, text.indexOf('await'))).toBe(expected)
  })

  test('a stream is ended or cancelled, and one that is read to its end waits for its peer', () => {
    const way = (text: string) => wayOutOfTaking(text, text.indexOf('await'), 'stream')
    expect(way('() { const s = await c.watch(); try { await once(s, 1) } finally { s.cancel() } }')).toBe('safe')
    expect(way('() { const s = await c.watch(); await s.first(); return 1 }')).toMatchObject({ word: 'never' })
  })

  test('a call of any client is one that is called on something', () => {
    const text = 'function watch() { return follow() } watch(); talk.watch(1)'
    const sites = takingSites(text, { method: 'watch', of: '', ofAny: true })
    expect(sites.map(({ at }) => text.slice(at))).toEqual(['talk.watch(1)'])
  })
})
