import { describe, expect, it } from 'vitest'
import { callsEach, givesBackBetween, turnTaken, runsUnderTurn } from '../../../src/source/turn-mentions.js'

const awaitIn = (text: string, which = 0): number => [...text.matchAll(/\b(?:await|yield)\b/g)][which]?.index ?? -1

const PAY = `async pay() {
  await this.cash.acquire()
  await this.ledger.acquire()
  this.ledger.release()
  this.cash.release()
}`

describe('turnTaken', () => {
  it('is no where the lock is first named further on, to be taken', () => {
    expect(turnTaken(PAY, awaitIn(PAY, 0), ['ledger'])).toBe('no')
  })

  it('is named where the lock was named before', () => {
    expect(turnTaken(PAY, awaitIn(PAY, 1), ['cash'])).toBe('named')
  })

  it('is here where the await itself takes a turn, or runs a task of the limiter', () => {
    const text = 'async () => { await lane.run(async () => { await other() }) }'
    expect(turnTaken(text, awaitIn(text), ['lane'])).toBe('here')
  })

  it('is named where only its release comes later, since a called function took it', () => {
    const text = 'async run() {\n await this.begin()\n await this.work()\n this.lock.release()\n}'
    expect(turnTaken(text, awaitIn(text, 1), ['lock'])).toBe('named')
  })

  it('is unknown where the function names none of it', () => {
    expect(turnTaken('async f() { await g() }', 12, ['lock'])).toBe('unknown')
    expect(turnTaken('async f() { await g() }', 12, [])).toBe('unknown')
  })

  it('takes a name for what it is, not for a part of another', () => {
    const text = 'async f() { await locks.a(); await lock.take() }'
    expect(turnTaken(text, awaitIn(text), ['lock'])).toBe('no')
  })
})

describe('givesBackBetween', () => {
  it('sees a turn that is given back on the way', () => {
    const text = 'async () => { await lock.take(); work(); lock.release(); await audit() }'
    expect(givesBackBetween(text, awaitIn(text, 0), awaitIn(text, 1))).toBe(true)
  })

  it('does not count a branch that leaves', () => {
    const text = 'async () => { const r = await m.acquire(); if (x) { r.release(); return 1 } await audit() }'
    expect(givesBackBetween(text, awaitIn(text, 0), awaitIn(text, 1))).toBe(false)
  })

  it('does not count what comes after', () => {
    const text = 'async () => { await lock.take(); try { await audit() } finally { lock.release() } }'
    expect(givesBackBetween(text, awaitIn(text, 0), awaitIn(text, 1))).toBe(false)
  })
})

describe('callsEach', () => {
  it('sees a list that is gone over', () => {
    expect(
      callsEach('function (values) { for (let i = 0; i < batch.callbacks.length; i++) done(i) }', 'callbacks'),
    ).toBe(true)
    expect(callsEach('() => this.#waiters.forEach((each) => each())', 'waiters')).toBe(true)
  })

  it('takes a queue that is emptied one by one for a queue', () => {
    expect(callsEach('() => { while (free > 0) queue.shift()() }', 'queue')).toBe(false)
    expect(callsEach('() => queue.pop()?.()', 'queue')).toBe(false)
  })

  it('takes no other list for it', () => {
    expect(callsEach('() => { for (const each of others) each() }', 'queue')).toBe(false)
  })
})

describe('a method runs what it was handed under a turn', () => {
  const told = (text: string) => runsUnderTurn(text, text.lastIndexOf('await'))
  it('that it may have waited for, and gives back in finally', () => {
    const text =
      'async read(work) { if (this.#busy) await new Promise((go) => this.#queue.push(go)); this.#busy = true; try { return await work() } finally { this.#next() } }'
    expect(told(text)).toBe(true)
  })
  it.each([
    ['it never waited', 'async read(work) { try { return await work() } finally { this.#next() } }'],
    ['it gives nothing back', 'async handle(work) { await null; return await work() }'],
    ['it runs its own', 'async read(work) { await this.turn(); try { return await load() } finally { this.#next() } }'],
  ])('but not where %s', (_name, text) => {
    expect(told(text)).toBe(false)
  })
})
