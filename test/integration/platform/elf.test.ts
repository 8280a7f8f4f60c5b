import { describe, expect, it } from 'vitest'
import { openElf } from '../../../src/platform/elf/elf-file.js'
import { NODES } from '../../support/nodes.js'

describe.each(NODES)('the binary of Node $version', ({ path }) => {
  it('gives its build id, V8 constants, libuv statics and function names', () => {
    const elf = openElf(path)
    try {
      expect(elf.buildId).toMatch(/^[0-9a-f]{40}$/)
      expect(elf.machine).toBe('x64')
      expect(elf.symbols.stripped).toBe(false)
      expect(elf.tls?.bytesBelowThreadPointer).toBeGreaterThan(0)

      const constants = elf.symbols.withPrefix('v8dbg_')
      expect(constants.length).toBeGreaterThan(400)
      const smiTag = constants.find((symbol) => symbol.name === 'v8dbg_SmiTagMask')
      expect(smiTag && elf.readInt32(smiTag.value)).toBe(1)

      const found = elf.symbols.find(['wq', 'worker', 'default_loop_struct', 'uv_run'])
      expect(found.get('wq')?.some((symbol) => symbol.file === 'threadpool.c' && symbol.sizeBytes === 16)).toBe(true)
      expect(found.get('worker')?.some((symbol) => symbol.file === 'threadpool.c')).toBe(true)
      expect(found.get('default_loop_struct')?.[0]?.sizeBytes).toBe(848)
      const uvRun = found.get('uv_run')?.[0]
      expect(uvRun && elf.symbols.nearest(uvRun.value + 5)).toMatchObject({ name: 'uv_run', offset: 5 })
    } finally {
      elf.dispose()
    }
  })
})
