/** Jobs of bull 4 that never end leave nothing that is suspended: the timer that renews their lock tells whose they are. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NODES, PROGRAMS, PROJECT_ROOT, type NodeBinary } from '../support/nodes.js'
import { HAS_REDIS, startRedis, type Redis } from '../support/redis.js'
import { verdictsOfProgram } from '../support/verdicts.js'

const FOLDER = path.join(PROJECT_ROOT, 'test/queues')
const PROGRAM = path.join(PROGRAMS, 'bull-jobs.cjs')
const LINES = readFileSync(PROGRAM, 'utf8').split('\n')
const lineOf = (mark: string) => LINES.findIndex((line) => line.trim() === `// @${mark}`) + 2

describe.skipIf(!HAS_REDIS)('a job of bull', () => {
  let redis: Redis
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(async () => {
    await redis.stop()
  })

  const firstOf = async (node: NodeBinary, kind: string) =>
    (await verdictsOfProgram(node, PROGRAM, [FOLDER, redis.url, kind], ['--expose-gc']))[0]

  describe.each(NODES)('on Node $major', (node) => {
    it.each(['callback', 'promise'])('that never ends is told with its processor: %s', async (kind) => {
      const first = await firstOf(node, kind)
      expect(first).toMatchObject({ kind: 'idle', where: { function: 'ship', line: lineOf(kind) } })
      expect(first?.summary).toContain(
        `1 job of bull has not ended: that of ship (bull-jobs.cjs:${lineOf(kind)}), for `,
      )
    })

    it('that ends is none', async () => {
      const first = await firstOf(node, 'done')
      expect(first?.where?.function).not.toBe('ship')
      expect(first?.summary).not.toContain('has not ended')
    })
  })
})
