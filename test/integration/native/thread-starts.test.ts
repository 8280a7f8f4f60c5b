/** The shipped tables say of the functions in which threads start what a search of the binary's symbols says. */
import { describe, expect, it } from 'vitest'
import { binaryFactsOf } from '../../../src/native/process/binary-facts.js'
import { findThreadStarts } from '../../../src/native/thread/thread-roles.js'
import { openElf } from '../../../src/platform/elf/elf-file.js'
import { NODES } from '../../support/nodes.js'

describe.each(NODES)('on Node $major', ({ path: node }) => {
  it('knows them without a search', () => {
    const searched = openElf(node)
    const known = openElf(node)
    try {
      const { threadStarts } = binaryFactsOf(known)
      expect(threadStarts).toEqual(findThreadStarts(searched))
      expect(threadStarts.map(({ name }) => name)).toContain('worker')
      for (const { value } of threadStarts) {
        expect(known.symbols.nearest(value)).toEqual(searched.symbols.nearest(value))
        // Inside of a function nothing is known before: the symbols are asked.
        expect(known.symbols.nearest(value + 1)).toEqual(searched.symbols.nearest(value + 1))
      }
    } finally {
      searched.dispose()
      known.dispose()
    }
  })
})
