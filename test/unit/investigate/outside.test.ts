import { describe, expect, test } from 'vitest'
import { missingBecauseOf, type OutsideOptions } from '../../../src/investigate/outside.js'
import { outsideInspector } from '../../../src/inspector/open-inspector.js'
import { createRedactor } from '../../../src/redact/redactor.js'

const MEMORY_PARTS = ['awaits', 'debugger', 'heap', 'queue-starvation', 'stacks', 'thread-pool']

function leftOut(options: Partial<OutsideOptions>): { what: string[]; messages: string[] } {
  const found = missingBecauseOf({
    engine: 'auto',
    looks: 2,
    profileMs: 1000,
    capture: { locals: false, redactor: createRedactor() },
    store: null,
    inspector: outsideInspector(),
    ...options,
  })
  for (const { why } of found) expect(why).toBe('ERR_STALL_NOT_ENABLED')
  return { what: found.map(({ what }) => what).toSorted(), messages: [...new Set(found.map(({ message }) => message))] }
}

describe('what dump leaves out', () => {
  test.each(['kernel', 'inspector'] as const)(
    'is every part of memory with --engine %s, and how to have it',
    (engine) => {
      expect(leftOut({ engine })).toEqual({
        what: MEMORY_PARTS,
        messages: [`left out by --engine ${engine}: look again without --engine`],
      })
    },
  )

  test.each(['auto', 'memory'] as const)('is nothing with --engine %s', (engine) => {
    expect(leftOut({ engine })).toEqual({ what: [], messages: [] })
  })

  test('is all but stacks with --stacks-only', () => {
    expect(leftOut({ stacksOnly: true })).toEqual({
      what: MEMORY_PARTS.filter((part) => part !== 'stacks'),
      messages: ['left out by --stacks-only'],
    })
  })

  test('says of awaits nothing where a heap snapshot gives them', () => {
    expect(leftOut({ engine: 'inspector', heapSnapshot: { maxHeapBytes: 1 } }).what).not.toContain('awaits')
  })
})
