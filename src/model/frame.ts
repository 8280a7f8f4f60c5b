/** One line of a stack, whichever engine read it. */

import type { LineOf } from './line-of.js'

/** A place in source text. Lines and columns count from 1. */
export interface SourcePosition {
  readonly file: string
  readonly line: number
  readonly column?: number
}

/** How the code of a frame was being executed; null when the engine can't tell (the inspector can't). */
export type FrameTier = 'interpreted' | 'baseline' | 'maglev' | 'turbofan' | 'builtin' | 'wasm' | 'native' | null

export interface Frame {
  /** SharedFunctionInfo's name, else the inferred name, else null. No receiver: `method5`, never `Klass.method5`. */
  readonly function: string | null
  /** Absolute path as the process knows it (`file:` URLs become paths), `node:...`, `eval` names, or null. */
  readonly file: string | null
  /** From 1; null when only the function is known. */
  readonly line: number | null
  readonly column: number | null
  readonly tier: FrameTier
  /** True for an awaiting caller: not on the machine stack, reached through promises. */
  readonly async: boolean
  /** True for C and C++ frames. */
  readonly native: boolean
  /**
   * True where the engine does not vouch for the frame: the top frame of a running thread (see `lineOf`), what a race
   * may have torn.
   */
  readonly probable?: boolean
  /** Where the line of the call itself is not known: the line is that of its only loop, or of its definition. */
  readonly lineOf?: LineOf
  /** Where a source map leads; beside the generated position, never instead of it. */
  readonly source?: SourcePosition
  /** Values, only when asked for (`--locals`), redacted and bounded. */
  readonly locals?: readonly LocalValue[]
  /** With `--locals`: which values could not be had, and why; one sentence. */
  readonly localsNote?: string
}

export interface LocalValue {
  readonly name: string
  readonly value: string
}

/** Where a frame's code comes from: decides blame (user code only) and folding. */
export type FrameOrigin = 'user' | 'dependency' | 'node' | 'agent' | 'native' | 'unknown'
