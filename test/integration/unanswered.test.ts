/** Requests without an answer whose handlers work by callbacks: nothing is suspended, and the framework tells who has them. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { NODES, PROGRAMS, PROJECT_ROOT, type NodeBinary } from '../support/nodes.js'
import { verdictsOfProgram } from '../support/verdicts.js'

const FOLDER = path.join(PROJECT_ROOT, 'test/clients')
const PROGRAM = path.join(PROGRAMS, 'unanswered.cjs')
const LINES = readFileSync(PROGRAM, 'utf8').split('\n')
const placeOf = (mark: string) => {
  const index = LINES.indexOf(`// @${mark}`) + 1
  return { function: /function (\w+)/.exec(LINES[index] ?? '')?.[1] ?? '', line: index + 1 }
}
const textOf = (mark: string) => `${placeOf(mark).function} (unanswered.cjs:${placeOf(mark).line})`

const firstOf = async (node: NodeBinary, server: string, kind = 'stuck') =>
  (await verdictsOfProgram(node, PROGRAM, [server, FOLDER, kind]))[0]

describe.each(NODES)('a request that is never answered, on Node $major', (node) => {
  it.each([
    ['http', 'handler'],
    ['express', 'handler'],
    ['router', 'handler'],
    ['middleware', 'middleware'],
    ['fastify', 'fastify'],
  ])('is told with the function that has it: %s', async (server, mark) => {
    const first = await firstOf(node, server)
    expect(first).toMatchObject({ kind: 'idle', where: placeOf(mark) })
    expect(first?.summary).toContain('1 accepted request was never answered: GET /orders/7 from')
    expect(first?.summary).toContain(`handled by ${textOf(mark)}.`)
  })

  it('is told with all that may have it, where a hook runs before the handler', async () => {
    const first = await firstOf(node, 'hook')
    expect(first).toMatchObject({ kind: 'idle', where: null })
    expect(first?.summary).toContain(`handled by one of ${textOf('hook')}, ${textOf('fastify')}.`)
  })

  it('does not blame the handler while the client has not sent its body', async () => {
    const first = await firstOf(node, 'express', 'body')
    expect(first).toMatchObject({ kind: 'idle', where: null })
    expect(first?.summary).toContain('its body is not complete, handled by one of jsonParser (json.js:')
    expect(first?.nextStep).toContain('See whether the client sends the rest')
  })

  it.each(['express', 'fastify'])('is none once it is answered: %s', async (server) => {
    const first = await firstOf(node, server, 'answered')
    expect(first).toMatchObject({ kind: 'idle', where: null })
    expect(first?.summary).not.toContain('handled by')
  })
})
