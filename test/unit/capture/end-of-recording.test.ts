import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { endOfRecording } from '../../../src/capture/end-of-recording.js'
import type { MemoryTarget } from '../../../src/capture/memory-target.js'
import type { Isolate } from '../../../src/v8/heap/isolates.js'

const root = mkdtempSync(path.join(tmpdir(), 'end-of-recording-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
symlinkSync('/bin/true', path.join(root, 'exe'))
const fields = `7 (node) S ${Array.from({ length: 18 }, () => '0').join(' ')} 500 0 0 0`
writeFileSync(path.join(root, 'stat'), fields)

const targetWith = (readable: boolean): MemoryTarget => ({ root, memory: { peek: () => readable } }) as never
const isolate = { address: 4096, pages: [] } as unknown as Isolate

it.each([
  ['goes on while its memory is there', true, 500, null],
  ['goes on where nobody knows when it was started', true, null, null],
  ['runs another program when its memory is not', false, 500, 'replaced'],
  ['has ended when another process has its pid', false, 400, 'ended'],
])('a process %s', (_what, readable, startTicks, end) => {
  expect(endOfRecording(targetWith(readable), isolate, startTicks)).toBe(end)
})
