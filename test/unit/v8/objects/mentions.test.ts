import { describe, expect, test } from 'vitest'
import {
  callsVariable,
  handsOnError,
  mentionsVariable,
  mentionsWord,
  parametersOf,
} from '../../../../src/v8/objects/mentions.js'

describe('what a function mentions', () => {
  test.each([
    ['() => t.end()', true],
    ['() => f(t)', true],
    ['() => ({ t })', true],
    ['() => [...t]', true],
    ['() => (a ? t : b)', true],
    ['function g(a) { return `${t}` }', true],
    ['(e = t) => e', true],
    ['({ t: a }) => eval("t")', true],
    ['(e, t) => t.end("ok")', false],
    ['t => t.end()', false],
    ['async (t) => { await t }', false],
    ['function n(e, t, ...r) { return t(r) }', false],
    ['end(e, t) { t() }', false],
    ['() => a.t', false],
    ['() => a?.t()', false],
    ['() => ({ t: 1 })', false],
    ['() => on("t", f)', false],
    ['() => total', false],
  ])('%s: %s', (text, expected) => {
    expect(mentionsVariable(text, 't')).toBe(expected)
  })

  test('counts a property where a word is asked for', () => {
    expect(mentionsWord('() => this.fail()', 'fail')).toBe(true)
    expect(mentionsWord('() => this.failed()', 'fail')).toBe(false)
  })

  test('tells a call from a mention', () => {
    expect(callsVariable('() => { remove(resolve); reject(new Error()) }', 'resolve')).toBe(false)
    expect(callsVariable('() => { remove(resolve); reject(new Error()) }', 'reject')).toBe(true)
    expect(callsVariable('() => resolve?.(1)', 'resolve')).toBe(true)
  })

  test('understands no head that has defaults or patterns', () => {
    expect(parametersOf('({ a }, t) => t')).toBeNull()
    expect(parametersOf('(a, t) => t')).toEqual(['a', 't'])
    expect(parametersOf('() => t')).toEqual([])
  })
})

describe('a callback that fails what it ends', () => {
  test.each([
    ['() => { drop(); callback(new Error("too late")) }', true],
    ['function expire() { this.reject( new TimeoutError(ms) ) }', true],
    ['() => done?.(new errors.DeadlineError())', true],
    ['() => resolve()', false],
    ['() => { if (bad) throw new Error("bad"); resolve() }', false],
    ['() => { const last = new Error("kept"); resolve(last) }', false],
  ])('%s: %s', (text, expected) => {
    expect(handsOnError(text)).toBe(expected)
  })
})
