/** Swept memory of real processes: V8 13 and later do not export its type, and count its size in words. */
import { expect, it } from 'vitest'
import { openMemoryTarget } from '../../src/capture/memory-target.js'
import { toAddress } from '../../src/model/address.js'
import { FreeBlocks } from '../../src/v8/heap/free-blocks.js'
import { findIsolates } from '../../src/v8/heap/isolates.js'
import { programFile } from '../support/await-oracle.js'
import { startProgram, startTicksOf } from '../support/await-target.js'
import { NODES, PROGRAMS } from '../support/nodes.js'

const MAX_PAGE_BYTES = 1 << 20

it.each(NODES)('what the collector took lies in it, and what it left does not, on Node $major', async (node) => {
  const program = await startProgram(node, programFile(PROGRAMS, 'swept.cjs'), [], { nodeArgs: ['--expose-gc'] })
  const { pid } = program
  const memory = openMemoryTarget({ pid, startTicks: startTicksOf(pid), procRoot: `/proc/${pid}`, inside: false })
  try {
    const { heap } = memory
    const free = new FreeBlocks(heap)
    const found = { taken: 0, left: 0 }
    for (const page of findIsolates(heap)[0]?.pages ?? []) {
      if (page.end - page.start > MAX_PAGE_BYTES) continue
      for (let at: number = page.start; at < page.end; at += 8) {
        const type = heap.typeOfMap(heap.memory.word(toAddress(at)))
        if (type === heap.types.JS_ASYNC_FUNCTION_OBJECT && free.covers(page, at)) found.taken++
        // The objects between them, which the program keeps.
        if (type === heap.types.JS_ARRAY && heap.smi(at + 1, 24) === 2_000 && free.covers(page, at)) found.left++
      }
    }
    expect(found.taken).toBeGreaterThan(500)
    expect(found.left).toBe(0)
  } finally {
    memory.dispose()
    await program.end()
  }
})
