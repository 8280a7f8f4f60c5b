/** Awaits of recorded processes, read anew on any machine. Made by `npm run record-case PID NAME`. */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { readAwaitTree } from '../../src/awaits/read-awaits.js'
import type { Address } from '../../src/model/address.js'
import type { AwaitTree } from '../../src/model/await.js'
import { readBuildTable } from '../../src/platform/elf/build-table.js'
import type { MemoryReader } from '../../src/platform/memory/memory-reader.js'
import { decodeRecording, openRecordedMemory } from '../../src/platform/memory/recorded-memory.js'
import { sayWaits } from '../../src/report/wait/wait-words.js'
import { V8Heap } from '../../src/v8/heap/heap.js'
import type { Isolate } from '../../src/v8/heap/isolates.js'
import { ISOLATE_FIGURES } from '../../src/v8/layouts/isolate-figures.js'
import { isLayout } from '../../src/v8/layouts/cache.js'

const FOLDER = path.resolve(__dirname, '../fixtures/recorded/cases')
const DEADLINE_MS = 60_000

export interface RecordedCase {
  readonly name: string
  /** What was said while it was recorded. */
  readonly waits: readonly { readonly name: string | null; readonly waitsFor: Record<string, unknown> | null }[]
  readonly tree: () => AwaitTree
  /** As if garbage were collected all the time: the isolates' count of collections is another one at each read. */
  readonly treeWhileCollecting: () => AwaitTree
}

interface About {
  readonly buildId: string
  readonly uptimeMs: number
  readonly isolates: readonly Isolate[]
  readonly classes: readonly (readonly [number, string | null])[]
  readonly waits: RecordedCase['waits']
}

export function recordedCases(pattern = /./): RecordedCase[] {
  return readdirSync(FOLDER)
    .filter((file) => pattern.test(file))
    .map((file) => {
      const recording = decodeRecording(readFileSync(path.join(FOLDER, file)))
      const about = recording.about as unknown as About
      const layout = readBuildTable(about.buildId)?.v8
      if (!isLayout(layout)) throw new Error(`${file}: no table of build ${about.buildId}: npm run layouts`)
      const classes = new Map(about.classes)
      const options = {
        natives: { classAt: (address: number) => classes.get(address) ?? null },
        isolates: about.isolates,
        tidOf: () => null,
        uptimeMs: () => about.uptimeMs,
      }
      const treeOf = (memory: MemoryReader): AwaitTree => {
        const deadlineMs = performance.now() + DEADLINE_MS
        return sayWaits(readAwaitTree(new V8Heap(memory, layout), { ...options, deadlineMs }))
      }
      const counts = new Set<number>(
        about.isolates.map(({ address }) => address + ISOLATE_FIGURES[layout.family].collections),
      )
      return {
        name: file.replace(/\.mem\.gz$/, ''),
        waits: about.waits,
        tree: () => treeOf(openRecordedMemory(recording)),
        treeWhileCollecting: () => treeOf(withGrowingCounts(openRecordedMemory(recording), counts)),
      }
    })
}

function withGrowingCounts(memory: MemoryReader, counts: ReadonlySet<number>): MemoryReader {
  const read = memory.peek.bind(memory)
  let count = 0
  const peek = (address: Address, into: Uint8Array): boolean => {
    if (!counts.has(address)) return read(address, into)
    new DataView(into.buffer, into.byteOffset).setUint32(0, ++count, true)
    return true
  }
  return Object.assign(memory, { peek })
}
