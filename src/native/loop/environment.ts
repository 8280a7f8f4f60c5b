/** Counters of node's Environment that move while its loop does not: the tick queue's flag and the async id counter. */
import { toAddress, type Address } from '../../model/address.js'
import { ALIASED_BUFFER, ENVIRONMENT } from '../layouts/node.js'
import type { NativeProcess } from '../process/native-process.js'
import { readHandles } from './loop-handles.js'

export interface EnvironmentCounters {
  /** Something is in the queue of process.nextTick. */
  readonly tickScheduled: boolean
  /** Grows by every resource and promise hook, and by every next tick. */
  readonly asyncIds: number
}

/** Where the counters are; found once, read often. */
export interface EnvironmentPlace {
  readonly environment: Address
  readonly tickInfo: Address
  readonly asyncIds: Address
}

/** Null when the Environment of this loop can't be recognised. */
export function findEnvironment(native: NativeProcess, loop: Address, isolate: Address): EnvironmentPlace | null {
  const environment = environmentOf(native, loop)
  if (environment === null) return null
  const buffers = aliasedBuffers(native, environment, isolate)
  const immediates = buffers.findIndex((buffer) => buffer.count === ENVIRONMENT.immediates)
  const ids = buffers.slice(0, Math.max(0, immediates)).find((buffer) => buffer.count === ENVIRONMENT.asyncIds)
  const ticks = buffers.slice(immediates + 1, immediates + 4).find((buffer) => buffer.count === ENVIRONMENT.tickInfo)
  if (immediates < 0 || !ids || !ticks) return null
  return { environment, tickInfo: ticks.at, asyncIds: ids.at }
}

export function readEnvironment(native: NativeProcess, place: EnvironmentPlace): EnvironmentCounters {
  return {
    tickScheduled: native.memory.u8(place.tickInfo) !== 0,
    asyncIds: native.memory.f64(toAddress(place.asyncIds + ENVIRONMENT.asyncIdCounter)),
  }
}

/** The immediate check handle is embedded in it: its vtable lies a little before. */
function environmentOf(native: NativeProcess, loop: Address): Address | null {
  for (const handle of readHandles(native, loop, 64)) {
    if (handle.type !== 'check') continue
    for (let back = 8; back <= ENVIRONMENT.maxHandleOffset; back += 8) {
      const address = toAddress(handle.address - back)
      if (native.classAt(address) === 'Environment') return address
    }
  }
  return null
}

function aliasedBuffers(
  native: NativeProcess,
  environment: Address,
  isolate: Address,
): { at: Address; count: number }[] {
  const home = native.memory.mappingOf(environment)
  const length = Math.min(ENVIRONMENT.searchBytes, home ? home.end - environment : 0)
  const bytes = new Uint8Array(length)
  if (length < ALIASED_BUFFER.bytes || !native.memory.read(environment, bytes)) return []
  const view = new DataView(bytes.buffer)
  const word = (at: number): number => view.getUint32(at, true) + view.getUint32(at + 4, true) * 0x1_0000_0000
  const found: { at: Address; count: number }[] = []
  for (let at = 0; at + ALIASED_BUFFER.bytes <= length; at += ALIASED_BUFFER.step) {
    if (word(at + ALIASED_BUFFER.isolate) !== isolate) continue
    const count = word(at + ALIASED_BUFFER.count)
    const offset = word(at + ALIASED_BUFFER.byteOffset)
    const buffer = word(at + ALIASED_BUFFER.buffer)
    // Views into another buffer (offset not 0) are no counters of their own.
    if (count === 0 || count > 65_536 || offset !== 0 || buffer % 8 !== 0) continue
    if (native.memory.mappingOf(toAddress(buffer))?.writable) found.push({ at: toAddress(buffer), count })
  }
  return found
}
