import { describe, expect, it } from 'vitest'
import { placeAt, sourcePlaces } from '../../../../src/v8/objects/positions.js'

function vlq(value: number): number[] {
  const bytes: number[] = []
  let left = value
  do {
    bytes.push((left % 128) + (left >= 128 ? 128 : 0))
    left = Math.floor(left / 128)
  } while (left > 0)
  return bytes
}
const zigzag = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value)
/** Position as V8 packs it: script offset plus 1 from bit 1, inlining id plus 1 from bit 31. */
const packed = (offset: number, inliningId = -1): number => (offset + 1) * 2 + (inliningId + 1) * 2 ** 31

const ENTRIES = [
  { code: -1, position: 10, statement: true },
  { code: 3, position: 4, statement: false },
  { code: 300, position: 70_000, statement: true },
]

function table(encoding: 'signed' | 'unsigned'): Uint8Array {
  const bytes: number[] = []
  let code = -1
  let position = 0
  for (const entry of ENTRIES) {
    const delta = entry.code - code
    if (encoding === 'unsigned') bytes.push(...vlq(delta * 4 + (entry.statement ? 1 : 0)))
    else bytes.push(...vlq(zigzag(entry.statement ? delta : -delta - 1)))
    bytes.push(...vlq(zigzag(packed(entry.position) - position)))
    code = entry.code
    position = packed(entry.position)
  }
  return Uint8Array.from(bytes)
}

describe.each(['signed', 'unsigned'] as const)('source position table, %s', (encoding) => {
  it('decodes every entry', () => {
    expect([...sourcePlaces(table(encoding), encoding)].map((place) => [place.codeOffset, place.scriptOffset])).toEqual(
      ENTRIES.map((entry) => [entry.code, entry.position]),
    )
  })

  it('finds the last entry at or before an offset', () => {
    expect(placeAt(table(encoding), 299, encoding)?.scriptOffset).toBe(4)
    expect(placeAt(table(encoding), 300, encoding)?.scriptOffset).toBe(70_000)
    expect(placeAt(table(encoding), -2, encoding)).toBeNull()
  })

  it('stops at a cut-off entry instead of inventing one', () => {
    const whole = table(encoding)
    expect([...sourcePlaces(whole.subarray(0, whole.length - 1), encoding)]).toHaveLength(ENTRIES.length - 1)
  })

  it('ends on bytes that never end a number', () => {
    expect([...sourcePlaces(new Uint8Array(100_000).fill(0xff), encoding)]).toEqual([])
  })
})

it('unpacks inlining ids', () => {
  const bytes = Uint8Array.from([...vlq(zigzag(1)), ...vlq(zigzag(packed(5, 2)))])
  expect(placeAt(bytes, 0, 'signed')).toEqual({ codeOffset: 0, scriptOffset: 5, inliningId: 2 })
})
