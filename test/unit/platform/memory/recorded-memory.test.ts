import { describe, expect, it } from 'vitest'
import { toAddress } from '../../../../src/model/address.js'
import {
  decodeRecording,
  encodeRecording,
  openRecordedMemory,
} from '../../../../src/platform/memory/recorded-memory.js'
import { MemoryRecorder } from '../../../../src/platform/memory/recorder.js'

const PAGE = 4096
const BASE = 0x7f00_0000_0000

function counting(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => index % 251)
}

function reader(runs: { start: number; bytes: Uint8Array }[]) {
  return openRecordedMemory({ about: {}, mappings: [], runs })
}

describe('recorded memory', () => {
  it('reads words across a page boundary', () => {
    const bytes = new Uint8Array(2 * PAGE)
    new DataView(bytes.buffer).setBigUint64(PAGE - 3, 0x1234_5678_9abcn, true)
    const memory = reader([{ start: BASE, bytes }])
    expect(memory.word(toAddress(BASE + PAGE - 3))).toBe(0x1234_5678_9abc)
    expect(memory.faults).toBe(0)
  })

  it('reads what was never recorded as zeros and counts the fault', () => {
    const memory = reader([{ start: BASE, bytes: counting(64) }])
    expect(memory.word(toAddress(BASE + 10 * PAGE))).toBe(0)
    const into = new Uint8Array(32).fill(7)
    expect(memory.read(toAddress(BASE + 10 * PAGE), into)).toBe(false)
    expect([...into]).toEqual(Array.from({ length: 32 }, () => 0))
    expect(memory.faults).toBeGreaterThan(0)
  })

  it.each([-8, 0, 8, Number.NaN, 2 ** 47, 2 ** 52, Number.POSITIVE_INFINITY, 12.5])(
    'survives the wild address %d',
    (address) => {
      const memory = reader([{ start: BASE, bytes: counting(64) }])
      expect(memory.word(toAddress(address))).toBe(0)
      expect(memory.read(toAddress(address), new Uint8Array(16))).toBe(false)
      expect(memory.peek(toAddress(address), new Uint8Array(16))).toBe(false)
      expect(memory.latin1(toAddress(address), 1e12)).toBe('')
    },
  )

  it('returns the same bytes after encoding and decoding', () => {
    const recording = {
      about: { node: 'v22' },
      mappings: [],
      runs: [
        { start: BASE, bytes: counting(100) },
        { start: BASE + PAGE, bytes: counting(33) },
      ],
    }
    const decoded = decodeRecording(encodeRecording(recording))
    expect(decoded.about).toEqual({ node: 'v22' })
    expect(decoded.runs.map((run) => [run.start, [...run.bytes]])).toEqual(
      recording.runs.map((run) => [run.start, [...run.bytes]]),
    )
  })

  it('keeps just what was read through the recorder', () => {
    const recorder = new MemoryRecorder(reader([{ start: BASE, bytes: counting(2 * PAGE) }]))
    recorder.word(toAddress(BASE + 64))
    recorder.latin1(toAddress(BASE + 256), 40)
    const { runs } = recorder.recording({})
    expect(runs.map((run) => [run.start - BASE, run.bytes.length])).toEqual([
      [64, 32],
      [256, 64],
    ])
  })

  it.each([-8, Number.NaN, 2 ** 60, Number.POSITIVE_INFINITY])('records nothing at the wild address %d', (address) => {
    const recorder = new MemoryRecorder(reader([{ start: BASE, bytes: counting(64) }]))
    recorder.word(toAddress(address))
    recorder.utf16(toAddress(address), 2 ** 40)
    expect(recorder.recording({}).runs).toEqual([])
  })

  it('stays within the bound of its cache', () => {
    const memory = reader([{ start: BASE, bytes: new Uint8Array(16 << 20) }])
    const before = process.memoryUsage().arrayBuffers
    for (let at = 0; at < 16 << 20; at += PAGE) memory.u8(toAddress(BASE + at))
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 << 20)
  })

  it('refuses a file that is no recording', () => {
    expect(() => decodeRecording(Buffer.from('no'))).toThrow(
      expect.objectContaining({ code: 'ERR_STALL_MEMORY_UNREADABLE' }),
    )
  })
})
