import { describe, expect, it } from 'vitest'
import { toAddress } from '../../../../src/model/address.js'
import type { Frame } from '../../../../src/model/frame.js'
import type { NativeFrame } from '../../../../src/native/stack/native-frame.js'
import { mergeNative } from '../../../../src/v8/stack/merge-native.js'

function script(name: string, async = false): Frame {
  return { function: name, file: '/a.js', line: 1, column: 1, tier: null, async, native: false }
}

/** `caller`: the function that the frame returns into; null for JavaScript. */
function machine(fp: number, caller: string | null): NativeFrame {
  return {
    fp: toAddress(fp),
    returnAddress: toAddress(fp * 16),
    place:
      caller === null
        ? { kind: 'jit' }
        : { kind: 'native', module: 'node', path: '/node', function: caller, symbol: caller, offset: 4, start: null },
    isJavaScript: caller === null,
  }
}

describe('C++ frames between JavaScript frames', () => {
  const chain = [
    machine(100, 'spawn'),
    machine(200, null),
    machine(300, null),
    machine(400, 'invoke'),
    machine(500, 'main'),
  ]

  it('stand where the chain of frame pointers has them, inlined lines together, async parents last', () => {
    const lines = [script('inlined'), script('inner'), script('outer'), script('parent', true)]
    const merged = mergeNative(chain, lines, [
      { fp: 300, lines: 2 },
      { fp: 400, lines: 1 },
      { fp: 450, lines: 0 },
    ])
    expect(merged?.map((frame) => frame.function)).toEqual([
      'spawn',
      'inlined',
      'inner',
      'outer',
      'invoke',
      'main',
      'parent',
    ])
    expect(merged?.map((frame) => frame.native)).toEqual([true, false, false, false, true, true, false])
  })

  it('are not shown at all when a JavaScript frame is missing from the chain', () => {
    expect(mergeNative(chain, [script('elsewhere')], [{ fp: 999, lines: 1 }])).toBeNull()
  })

  it('are all there is in a thread without JavaScript', () => {
    const idle = [machine(100, 'uv_run'), machine(200, 'node::Start')]
    expect(mergeNative(idle, [], [])?.map((frame) => frame.function)).toEqual(['uv_run', 'node::Start'])
  })
})
