/** Tasks of pools of worker threads: what the thread does, who waits for a free one, and tasks that wait for their own pool. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { NODES, PROGRAMS, PROJECT_ROOT, type NodeBinary } from '../support/nodes.js'
import { verdictsOfProgram } from '../support/verdicts.js'

const FOLDER = path.join(PROJECT_ROOT, 'test/clients')
const PROGRAM = path.join(PROGRAMS, 'thread-pools.cjs')
const LINES = readFileSync(PROGRAM, 'utf8').split('\n')
const lineOf = (mark: string) => LINES.findIndex((line) => line.includes(`// @${mark}`)) + 1

const verdictsOf = (node: NodeBinary, library: string, kind: string) =>
  verdictsOfProgram(node, PROGRAM, [library, FOLDER, kind])

describe.each(NODES)('a task of a pool of threads, on Node $major', (node) => {
  it.each(['piscina', 'tinypool'])('that waits for a task of its own pool is told first: %s', async (library) => {
    const [first] = await verdictsOf(node, library, 'own')
    expect(first).toMatchObject({ cause: 'slots-exhausted', confidence: 'medium' })
    expect(first?.where).toMatchObject({ function: 'renderPage', line: lineOf('asks') })
    expect(first?.summary).toContain(
      `makePart (thread-pools.cjs:${lineOf('queued')}) waits for a free worker of the same pool (ThreadPool.taskQueue)`,
    )
  })

  it('that waits for a task in another thread is none of that kind', async () => {
    const verdicts = await verdictsOf(node, 'piscina', 'free')
    expect(verdicts.filter(({ cause }) => cause === 'slots-exhausted' || cause === 'pool-exhausted')).toEqual([])
    expect(verdicts.some(({ where }) => where?.line === lineOf('inside'))).toBe(true)
  })

  it.each(['piscina', 'tinypool'])('tells what it waits for, and who waits behind it: %s', async (library) => {
    const verdicts = await verdictsOf(node, library, 'queued')
    expect(verdicts.filter(({ cause }) => cause === 'slots-exhausted')).toEqual([])
    expect(verdicts.find(({ cause }) => cause === 'thread-message')).toMatchObject({
      where: { function: 'print', line: lineOf('prints') },
      summary: expect.stringMatching(
        new RegExp(
          `a message from worker thread \\d+, where askPeer \\(thread-pools\\.cjs:${lineOf('inside')}\\) waits for`,
        ),
      ) as unknown,
    })
    expect(verdicts.find(({ cause }) => cause === 'pool-exhausted')).toMatchObject({
      confidence: 'low',
      where: { function: 'makePart', line: lineOf('queued') },
      summary: expect.stringMatching(
        /a free worker of the pool \(ThreadPool\.taskQueue\): 1 of 1 lent, 0 idle, 3 queued/,
      ) as unknown,
    })
  })

  it('that never ends is stuck by its own age, though others wait and a timer wakes the main thread', async () => {
    const [first] = await verdictsOf(node, 'piscina', 'endless')
    expect(first).toMatchObject({
      cause: 'thread-message',
      confidence: 'medium',
      where: { function: 'print', line: lineOf('prints') },
    })
    expect(first?.summary).toMatch(/which is stuck: spin \(its loop at thread-pools\.cjs:\d+\) \(computing\/loop\)/)
  })
})
