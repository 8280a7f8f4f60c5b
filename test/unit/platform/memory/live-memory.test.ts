import { describe, expect, it } from 'vitest'
import { toAddress } from '../../../../src/model/address.js'
import { openLiveMemory } from '../../../../src/platform/memory/live-memory.js'

describe.runIf(process.platform === 'linux')('live memory', () => {
  it('reads its own executable mapping as the file has it', () => {
    const memory = openLiveMemory('/proc/self')
    const first = memory.mappings().find((mapping) => mapping.path !== '' && mapping.offset === 0)
    expect(first).toBeDefined()
    expect(memory.u32(toAddress(first?.start ?? 0))).toBe(0x464c_457f)
    expect(memory.mappingOf(toAddress((first?.start ?? 0) + 1))).toBe(first)
    memory.dispose()
  })

  it('says which pages of a sparse mapping exist', () => {
    const memory = openLiveMemory('/proc/self')
    const stack = memory.mappings().find((mapping) => mapping.path === '[stack]')
    expect(stack).toBeDefined()
    if (!stack) return
    const runs = memory.present(stack.start, stack.end)
    expect(runs.at(-1)?.end).toBe(stack.end)
    expect(runs.every((run) => run.start >= stack.start && run.end <= stack.end && run.start < run.end)).toBe(true)
    memory.dispose()
  })

  it('reports ERR_STALL_NO_SUCH_PROCESS for a pid that does not exist', () => {
    expect(() => openLiveMemory('/proc/999999999')).toThrow(
      expect.objectContaining({ code: 'ERR_STALL_NO_SUCH_PROCESS' }),
    )
  })
})
