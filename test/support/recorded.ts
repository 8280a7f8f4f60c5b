/** Recorded processes: what the memory engine read of one, replayed. Made by `node tools/record-stacks.mjs`. */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { Address } from '../../src/model/address.js'
import { readBuildTable } from '../../src/platform/elf/build-table.js'
import { decodeRecording, type MemoryRecording } from '../../src/platform/memory/recorded-memory.js'
import { isLayout } from '../../src/v8/layouts/cache.js'
import type { V8Layout } from '../../src/v8/layouts/layout.js'
import type { TrueFrame } from './truth.js'

const FOLDER = path.resolve(__dirname, '../fixtures/recorded')

export interface RecordedProcess {
  readonly name: string
  readonly recording: MemoryRecording
  readonly layout: V8Layout
  readonly sp: Address
  readonly pc: Address
  readonly truth: readonly TrueFrame[]
}

export function recordedProcesses(pattern = /./): RecordedProcess[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.mem.gz') && pattern.test(name))
    .map((name) => {
      const recording = decodeRecording(readFileSync(path.join(FOLDER, name)))
      const about = recording.about as { buildId: string; sp: Address; pc: Address; truth: TrueFrame[] }
      const layout = readBuildTable(about.buildId)?.v8
      if (!isLayout(layout)) throw new Error(`${name}: no table of build ${about.buildId}: npm run layouts`)
      return { name, recording, layout, sp: about.sp, pc: about.pc, truth: about.truth }
    })
}
