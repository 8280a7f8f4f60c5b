/** One frame of the machine stack, JavaScript or not, by its frame pointer. */
import type { Address } from '../../model/address.js'
import type { Frame } from '../../model/frame.js'
import type { CodeMap, CodePlace } from '../code-map.js'

export interface NativeFrame {
  /** Frame pointer; the stacks of V8 know the same frames by it. */
  readonly fp: Address
  /** Where it goes on when its callee returns. */
  readonly returnAddress: Address
  readonly place: CodePlace | null
  /** JavaScript or a builtin: the JavaScript walk describes it better. */
  readonly isJavaScript: boolean
}

/** As shown to people: a C or C++ function with its module. */
export function toFrame(frame: NativeFrame, probable: boolean): Frame {
  const { place } = frame
  const known = place?.kind === 'native' ? place : null
  return {
    function: known?.function ?? null,
    file: known?.path ?? null,
    line: null,
    column: null,
    tier: 'native',
    async: false,
    native: true,
    ...(probable ? { probable } : {}),
  }
}

export function describePlace(code: CodeMap, address: number): string {
  const place = code.placeOf(address)
  if (place === null) return 'unmapped'
  return place.kind === 'jit' ? 'JavaScript' : (place.function ?? place.module)
}
