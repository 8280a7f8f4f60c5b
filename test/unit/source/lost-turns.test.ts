import { expect, test } from 'vitest'
import { passesOnWhatItIsGiven, wayOutWithoutGiving } from '../../../src/source/lost-turns.js'

function told(text: string) {
  const way = wayOutWithoutGiving(text, text.indexOf('await'))
  return way === null ? null : `${way.word} at ${text.slice(way.at, way.at + 12)}`
}

test.each([
  [
    'an early return',
    'async f(id) { await s.acquire(); if (id < 2) return null; s.release(); return id }',
    'return at return null;',
  ],
  [
    'a throw',
    'async f() { const release = await m.acquire()\n if (bad) throw new Error()\n release() }',
    'throw at throw new Er',
  ],
  [
    'a return past what it was given',
    'async f() { const [n, release] = await s.acquire(); if (!n) return; release() }',
    'return at return; rele',
  ],
  [
    'an error of what it awaits',
    'async f() { await s.acquire(); await send(1); s.release() }',
    'error at await send(1',
  ],
])('names %s between taking and giving back', (_name, text, expected) => {
  expect(told(text)).toBe(expected)
})

test.each([
  ['gives it back in finally', 'async f() { await s.acquire(); try { return await g() } finally { s.release() } }'],
  ['gives it back before it returns', 'async f() { await s.acquire(); if (x) { s.release(); return 1 } s.release() }'],
  ['returns what gives it back', 'async f() { await s.acquire(); return s.release() }'],
  [
    'returns in an inner function only',
    'async f() { await s.acquire(); const a = b.map((x) => { return x }); s.release() }',
  ],
  ['speaks of it in a comment or a string', "async f() { await s.acquire(); // return\n log('throw'); s.release() }"],
  ['hands it on to others', 'async f() { await s.acquire(); if (x) return 1; queue.push(s) }'],
])('names nothing where the function %s', (_name, text) => {
  expect(told(text)).toBeNull()
})

test.each([
  ['returns it', 'async take() { const giver = await this.#inner.acquire(); return giver }', true],
  ['returns one of several', 'async take() { const [, giver] = await s.acquire(1); return giver; }', true],
  ['returns the await itself', 'async take() { return await s.acquire() }', true],
  ['returns something else', 'async take() { const giver = await s.acquire(); giver(); return 1 }', false],
  ['returns it in an inner function', 'async take() { const g = await s.acquire(); h(() => { return g }) }', false],
])('a function that %s', (_name, text, expected) => {
  expect(passesOnWhatItIsGiven(text, text.indexOf('await'))).toBe(expected)
})
