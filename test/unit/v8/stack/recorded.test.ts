import { describe, expect, it } from 'vitest'
import { openRecordedMemory } from '../../../../src/platform/memory/recorded-memory.js'
import { V8Heap } from '../../../../src/v8/heap/heap.js'
import { findIsolates } from '../../../../src/v8/heap/isolates.js'
import { StackReader } from '../../../../src/v8/stack/thread-stack.js'
import { recordedProcesses } from '../../../support/recorded.js'
import { scriptLines } from '../../../support/truth.js'

describe.each(recordedProcesses())('$name', ({ recording, layout, sp, pc, truth }) => {
  it('has one isolate, whose stack is what the process said', () => {
    const heap = new V8Heap(openRecordedMemory(recording), layout)
    const isolates = findIsolates(heap)
    expect(isolates).toHaveLength(1)
    const [isolate] = isolates
    if (!isolate) return
    const look = new StackReader(heap).read(isolate.address, { registers: () => ({ kind: 'blocked', sp, pc }) })
    expect(look.kind).toBe('exact')
    expect(look.attempts).toBe(1)
    expect(scriptLines(look.frames)).toEqual(scriptLines(truth))
  })
})

it('has recordings of all four Node lines', () => {
  const lines = new Set(recordedProcesses().map(({ layout }) => layout.family))
  expect([...lines].sort()).toEqual(['11.3', '12.4', '13.6', '14.6'])
})
