/** One connection that several use: what stands behind a command that blocks it, and a subscription, are no silent peer. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NODES, PROGRAMS, PROJECT_ROOT, type NodeBinary } from '../support/nodes.js'
import { HAS_REDIS, startRedis, type Redis } from '../support/redis.js'
import { verdictsOfProgram } from '../support/verdicts.js'

const PROGRAM = path.join(PROGRAMS, 'shared-connection/ioredis.cjs')

let redis: Redis

beforeAll(async () => {
  if (HAS_REDIS) redis = await startRedis()
})

afterAll(async () => {
  if (HAS_REDIS) await redis.stop()
})

function at(mark: string): string {
  const line = readFileSync(PROGRAM, 'utf8')
    .split('\n')
    .findIndex((text) => text.includes(mark))
  return `ioredis.cjs:${line + 1}`
}

const verdictsOf = (node: NodeBinary, mode: string, { port } = redis) =>
  verdictsOfProgram(node, PROGRAM, [mode, path.join(PROJECT_ROOT, 'test/clients'), String(port)])

describe.skipIf(!HAS_REDIS).each(NODES)('a connection that is shared on Node $major', (node) => {
  it.each(['blpop', 'bzpopmin', 'xread'])('is told with the command that blocks it: %s', async (mode) => {
    const [first] = await verdictsOf(node, mode)
    expect(first).toMatchObject({ kind: 'awaiting', cause: 'socket-reply', confidence: 'medium' })
    expect(first?.summary).toContain(`behind ${mode} of takeJob (${at('@first')})`)
    expect(first?.summary).toContain('it is answered after that')
    expect(first?.nextStep).toContain(`Give ${mode} a connection of its own`)
  })

  it('is told without one while only the server is silent', async () => {
    const paused = await startRedis()
    const verdicts = await verdictsOf(node, 'alone', paused)
    await paused.stop()
    const said = verdicts.find(({ cause }) => cause === 'socket-reply')
    expect(said?.summary).toContain(`readFlag (${at('@behind')}) waits for a reply`)
    expect(said?.summary).not.toContain('behind')
  })

  it('has no reply pending while it is subscribed to a channel', async () => {
    const verdicts = await verdictsOf(node, 'subscribed')
    expect(verdicts.filter(({ cause }) => cause === 'socket-reply')).toEqual([])
    const said = verdicts.map(({ summary }) => summary).join('\n')
    expect(said).toContain(`listen (${at('@listens')}) waits for event message of`)
    expect(said).toContain('subscribed to orders')
  })
})
