/** A task that waits in a slot of a queue's worker for another task of that queue, of which none can begin. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NODES, PROGRAMS, PROJECT_ROOT, type NodeBinary } from '../support/nodes.js'
import { HAS_REDIS, startRedis, type Redis } from '../support/redis.js'
import { verdictsOfProgram } from '../support/verdicts.js'

const FOLDER = path.join(PROJECT_ROOT, 'test/queues')
const PROGRAM = path.join(PROGRAMS, 'nested-tasks.cjs')
const LINE =
  readFileSync(PROGRAM, 'utf8')
    .split('\n')
    .findIndex((line) => line.includes('// @waits')) + 1

describe.skipIf(!HAS_REDIS)('a task that waits for another one', () => {
  let redis: Redis
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(async () => {
    await redis.stop()
  })

  const verdictsOf = (node: NodeBinary, library: string, kind: string) =>
    verdictsOfProgram(node, PROGRAM, [library, FOLDER, redis.url, kind])

  describe.each(NODES)('on Node $major', (node) => {
    it.each(['bullmq', 'bullmq-6'])('of its own queue, in the only slot, is told first: %s', async (library) => {
      const [first] = await verdictsOf(node, library, 'own')
      expect(first).toMatchObject({ cause: 'slots-exhausted', where: { function: 'ship', line: LINE } })
      expect(first?.summary).toContain("has the only slot of this process's Worker")
    })

    it.each(['free', 'other'])('that has a slot, or is of another queue, is none of that kind: %s', async (kind) => {
      const verdicts = await verdictsOf(node, 'bullmq', kind)
      expect(verdicts.filter(({ cause }) => cause === 'slots-exhausted')).toEqual([])
      expect(verdicts.some(({ where }) => where?.line === LINE)).toBe(true)
    })
  })
})
