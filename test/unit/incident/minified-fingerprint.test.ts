/** Two builds of one program by a real minifier, which names its functions differently: the cause is the same one. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { rolldown } from 'rolldown'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fingerprintOf } from '../../../src/incident/fingerprint.js'
import type { Verdict, VerdictPlace } from '../../../src/model/verdict.js'
import { createSourceMaps } from '../../../src/source/source-maps.js'

let folder: string
beforeAll(() => (folder = mkdtempSync(path.join(tmpdir(), 'original-name-'))))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const PROGRAM = `
export function priceOf(item) { if (item.deep > 0) return priceOf({ deep: item.deep - 1 }); throw new Error('price') }
export const chargeCard = (card) => { throw new Error('charge ' + card) }
`

interface Thrown {
  /** What the minifier called it. */
  readonly minified: string
  readonly where: VerdictPlace
}

/** Where its stacks say that they are, in V8's own words; `more` changes which names are left for the rest. */
async function build(name: string, more: string): Promise<(call: string) => Thrown> {
  const source = path.join(folder, 'src')
  mkdirSync(source, { recursive: true })
  writeFileSync(path.join(source, 'price.js'), `${more.replaceAll('\n', '')}${PROGRAM}`)
  writeFileSync(
    path.join(source, 'main.js'),
    `import { priceOf, chargeCard } from './price.js'\nexport const calls = { price: (x) => priceOf(x), charge: (x) => chargeCard(x) }`,
  )
  const bundle = await rolldown({ input: path.join(source, 'main.js') })
  const file = path.join(folder, `${name}.cjs`)
  await bundle.write({ file, format: 'cjs', minify: true, sourcemap: true })
  const { calls } = createRequire(__filename)(file) as { calls: Record<string, (given: object) => void> }
  const maps = createSourceMaps()
  return (call) => {
    try {
      calls[call]?.({ deep: 2 })
    } catch (thrown) {
      const line = (thrown as Error).stack?.split('\n')[1] ?? ''
      const [, at = '', where = '', row = '', column = ''] = /at (?:(\S+) \()?(.*):(\d+):(\d+)\)?$/.exec(line) ?? []
      const place = { function: at, file: where, line: Number(row), column: Number(column) }
      const source = maps.originalOf(place.file, place.line, place.column)
      const name = maps.nameOf(place.file, place.line, place.column, place.function)
      return { minified: at, where: { ...place, function: name, ...(source === null ? {} : { source }) } }
    }
    throw new Error(`${call} did not throw`)
  }
}

function fingerprint(where: VerdictPlace): string | null {
  const verdict = { kind: 'computing', cause: 'loop', where, chain: [] } as unknown as Verdict
  return fingerprintOf([verdict], folder)
}

test('a minified function has the name and the fingerprint of its source, in every build', async () => {
  const one = await build('one', '')
  const two = await build(
    'two',
    'export function a1(x) { return a2(x) + 1 } export function a2(x) { return x ? a1(x - 1) : 0 } globalThis.kept = [a1, a2];',
  )
  const [first, second] = [one('price'), two('price')]
  // Each build has another name for it, or there would be nothing to tell.
  expect(first.minified).not.toBe('priceOf')
  expect(second.minified).not.toBe(first.minified)
  expect([first.where.function, second.where.function]).toEqual(['priceOf', 'priceOf'])
  expect(fingerprint(second.where)).toBe(fingerprint(first.where))
  const other = one('charge')
  expect(other.where.function).toBe('chargeCard')
  expect(fingerprint(other.where)).not.toBe(fingerprint(first.where))
})
