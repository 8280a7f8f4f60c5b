/** A lock that no suspended function holds, since a callback is to give it back: that callback, and what it waits for. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { NODES, PROGRAMS, type NodeBinary } from '../support/nodes.js'
import { verdictsOfProgram } from '../support/verdicts.js'

const PROGRAM = path.join(PROGRAMS, 'lock-callbacks.cjs')
const LINES = readFileSync(PROGRAM, 'utf8').split('\n')
const lineOf = (mark: string): number => LINES.findIndex((line) => line.endsWith(`// @${mark}`)) + 1
const at = (line: number): string => `lock-callbacks.cjs:${line}`

const lockOf = async (node: NodeBinary, kind: string) =>
  (await verdictsOfProgram(node, PROGRAM, [kind])).find(({ cause }) => cause === 'lock')

describe.each(NODES)('a lock that callbacks have on Node $major', (node) => {
  it.each([
    ['once', `onStored (${at(lineOf('once') - 1)}), a callback for event stored `],
    ['same', `onEach (${at(lineOf('same') - 1)}), a callback for event stored of EventEmitter`],
    ['on', `onClosed (${at(lineOf('on') - 1)}), a callback for event closed of EventEmitter`],
    ['timer', `later (${at(lineOf('timer') - 1)}), a callback of a timer`],
  ])('is told with the callback that gives it back: %s', async (kind, words) => {
    const lock = await lockOf(node, kind)
    expect(lock?.summary).toContain(`report (${at(lineOf('waits'))})`)
    expect(lock?.summary).toContain(words)
    expect(lock?.nextStep).toContain('is not called')
  })

  it('is told without one where what listens gives another lock back', async () => {
    const lock = await lockOf(node, 'lost')
    expect(lock?.summary).toContain('Semaphore.#waiting')
    expect(lock?.summary).not.toContain('onOther')
    expect(lock?.summary).not.toContain('is to give back')
  })
})
