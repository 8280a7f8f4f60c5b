/** One frame of the machine stack, JavaScript or not, by its frame pointer. */
import type { Address } from '../../model/address.js'
import type { Frame } from '../../model/frame.js'
import type { CodePlace } from '../process/code-map.js'

export interface NativeFrame {
  /** Frame pointer of the function that will return to `returnAddress`; V8's walk knows the same frames by it. */
  readonly fp: Address
  /** In the caller. */
  readonly returnAddress: Address
  /** Of the return address: the caller. */
  readonly place: CodePlace | null
  /** The caller is JavaScript or a builtin: V8's walk describes it better. */
  readonly isJavaScript: boolean
}

/** As shown to people: a C or C++ function with the file it was loaded from. */
export function toFrame({ place }: Pick<NativeFrame, 'place'>): Frame {
  const known = place?.kind === 'native' ? place : null
  return {
    function: known?.function ?? null,
    file: known?.path ?? null,
    line: null,
    column: null,
    tier: 'native',
    async: false,
    native: true,
  }
}
