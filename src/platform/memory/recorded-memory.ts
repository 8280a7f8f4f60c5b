/**
 * Memory that was read once and is read again: the runs of bytes an engine touched, and the mappings. What was never
 * recorded reads as missing. One gzip file: magic, length of the JSON header, header, then the bytes of all runs.
 */
import { gunzipSync, gzipSync } from 'node:zlib'
import { toAddress } from '../../model/address.js'
import type { Address } from '../../model/address.js'
import { StallError } from '../../model/stall-error.js'
import { CachedMemory } from './cached-memory.js'
import type { MemoryReader } from './memory-reader.js'
import type { Mapping } from '../procfs/maps.js'

export interface MemoryRun {
  readonly start: number
  readonly bytes: Uint8Array
}

export interface MemoryRecording {
  /** Whatever replaying needs beside memory: layout's build id, threads, registers. Plain JSON. */
  readonly about: Readonly<Record<string, unknown>>
  readonly mappings: readonly Mapping[]
  /** Ascending, not overlapping. */
  readonly runs: readonly MemoryRun[]
}

const MAGIC = 'STALLMEM1\n'
const MAX_RECORDING = 256 << 20

class RecordedMemory extends CachedMemory {
  readonly #recording: MemoryRecording

  constructor(recording: MemoryRecording) {
    super(4 << 20)
    this.#recording = recording
  }

  protected override get keepsPartial(): boolean {
    return true
  }

  protected fill(address: number, into: Uint8Array): number {
    into.fill(0)
    const end = address + into.length
    let covered = 0
    for (let index = this.#firstRun(address); ; index++) {
      const run = this.#recording.runs[index]
      if (!run || run.start >= end) break
      const from = Math.max(address, run.start)
      const to = Math.min(end, run.start + run.bytes.length)
      if (to <= from) continue
      into.set(run.bytes.subarray(from - run.start, to - run.start), from - address)
      covered += to - from
    }
    return covered
  }

  /** Index of the last run that starts at or before `address`, else 0. */
  #firstRun(address: number): number {
    const runs = this.#recording.runs
    let low = 0
    let high = runs.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if ((runs[middle]?.start ?? 0) <= address) low = middle
      else high = middle - 1
    }
    return low
  }

  protected loadMappings(): readonly Mapping[] {
    return this.#recording.mappings
  }

  present(start: Address, end: Address): readonly { readonly start: Address; readonly end: Address }[] {
    return this.#recording.runs
      .filter((run) => run.start < end && run.start + run.bytes.length > start)
      .map((run) => ({
        start: toAddress(Math.max(start, run.start)),
        end: toAddress(Math.min(end, run.start + run.bytes.length)),
      }))
  }

  dispose(): void {
    this.flush()
  }
}

export function openRecordedMemory(recording: MemoryRecording): MemoryReader {
  return new RecordedMemory(recording)
}

export function encodeRecording(recording: MemoryRecording): Buffer {
  const header = Buffer.from(
    JSON.stringify({
      about: recording.about,
      mappings: recording.mappings,
      runs: recording.runs.map((run) => [run.start, run.bytes.length]),
    }),
  )
  const length = Buffer.alloc(4)
  length.writeUInt32LE(header.length)
  return gzipSync(Buffer.concat([Buffer.from(MAGIC), length, header, ...recording.runs.map((run) => run.bytes)]), {
    level: 9,
  })
}

/** @throws StallError ERR_STALL_MEMORY_UNREADABLE when the file is not a recording. */
export function decodeRecording(file: Uint8Array): MemoryRecording {
  const broken = (why: string, cause?: unknown) =>
    new StallError('ERR_STALL_MEMORY_UNREADABLE', `not a memory recording: ${why}`, { cause })
  let bytes: Buffer
  try {
    bytes = gunzipSync(file, { maxOutputLength: MAX_RECORDING })
  } catch (cause) {
    throw broken('not gzip', cause)
  }
  const headerAt = MAGIC.length + 4
  if (bytes.toString('latin1', 0, MAGIC.length) !== MAGIC || bytes.length < headerAt) throw broken('wrong magic')
  const headerEnd = headerAt + bytes.readUInt32LE(MAGIC.length)
  if (headerEnd > bytes.length) throw broken('truncated header')
  const header = JSON.parse(bytes.toString('utf8', headerAt, headerEnd)) as {
    about: Record<string, unknown>
    mappings: Mapping[]
    runs: [number, number][]
  }
  let at = headerEnd
  const runs: MemoryRun[] = []
  for (const [start, length] of header.runs) {
    if (at + length > bytes.length) throw broken('truncated runs')
    runs.push({ start, bytes: bytes.subarray(at, at + length) })
    at += length
  }
  return { about: header.about, mappings: header.mappings, runs }
}
