/**
 * The tables that all threads of a Firefox profile share: strings, sources, functions, frames, stacks. Each row is there
 * once; rows point at each other by their number.
 */
import type { Frame } from '../../model/frame.js'
import { printable } from '../../model/printable.js'
import { frameName, functionKey } from '../frame-name.js'

/** Rows of `categories`, in `firefox-profile.ts`. The first grey one is what a viewer falls back to. */
export const CATEGORY = { other: 0, javascript: 1, node: 2, idle: 3, collector: 4, awaiting: 5 } as const

export class FirefoxTables {
  readonly #strings = new Map<string, number>()
  readonly #sources = new Map<string, number>()
  readonly #functions = new Map<string, number>()
  readonly #frames = new Map<string, number>()
  readonly #stacks = new Map<string, number>()
  readonly #table = {
    stringArray: [] as string[],
    sources: { length: 0, uuid: [] as null[], filename: [] as number[] },
    resourceTable: { length: 0, lib: [], name: [], host: [], type: [] },
    nativeSymbols: { length: 0, libIndex: [], address: [], name: [], functionSize: [] },
    funcTable: {
      length: 0,
      name: [] as number[],
      isJS: [] as boolean[],
      relevantForJS: [] as boolean[],
      resource: [] as number[],
      source: [] as (number | null)[],
      lineNumber: [] as null[],
      columnNumber: [] as null[],
    },
    frameTable: {
      length: 0,
      address: [] as number[],
      inlineDepth: [] as number[],
      category: [] as number[],
      subcategory: [] as number[],
      func: [] as number[],
      nativeSymbol: [] as null[],
      innerWindowID: [] as number[],
      line: [] as (number | null)[],
      column: [] as (number | null)[],
    },
    stackTable: { length: 0, frame: [] as number[], prefix: [] as (number | null)[] },
  }

  /** As the file wants them. */
  get shared(): object {
    return this.#table
  }

  string(text: string): number {
    return once(this.#strings, text, () => this.#table.stringArray.push(printable(text)) - 1)
  }

  /** @param frames innermost first; null without any */
  stack(frames: readonly Frame[]): number | null {
    let prefix: number | null = null
    for (const frame of frames.toReversed()) {
      const row = this.#frame(frame)
      const outer: number | null = prefix
      prefix = once(this.#stacks, `${outer ?? ''}-${row}`, () => {
        const { stackTable } = this.#table
        stackTable.frame.push(row)
        stackTable.prefix.push(outer)
        return stackTable.length++
      })
    }
    return prefix
  }

  #frame(frame: Frame): number {
    const func = this.#function(frame)
    const { line, column } = frame.source ?? frame
    return once(this.#frames, `${func}:${line ?? ''}:${column ?? ''}:${frame.async}`, () => {
      const { frameTable } = this.#table
      frameTable.address.push(-1)
      frameTable.inlineDepth.push(0)
      frameTable.category.push(categoryOf(frame))
      frameTable.subcategory.push(0)
      frameTable.func.push(func)
      frameTable.nativeSymbol.push(null)
      frameTable.innerWindowID.push(0)
      frameTable.line.push(line)
      frameTable.column.push(column ?? null)
      return frameTable.length++
    })
  }

  #function(frame: Frame): number {
    const file = frame.source?.file ?? frame.file
    return once(this.#functions, `${functionKey(frame)}\n${file ?? ''}`, () => {
      const { funcTable } = this.#table
      const isScript = !frame.native && file !== null
      funcTable.name.push(this.string(frameName(frame)))
      funcTable.isJS.push(isScript)
      funcTable.relevantForJS.push(!isScript)
      funcTable.resource.push(-1)
      funcTable.source.push(isScript ? this.#source(file) : null)
      // Where a function begins a sample does not tell.
      funcTable.lineNumber.push(null)
      funcTable.columnNumber.push(null)
      return funcTable.length++
    })
  }

  #source(file: string): number {
    return once(this.#sources, file, () => {
      const { sources } = this.#table
      sources.uuid.push(null)
      sources.filename.push(this.string(file))
      return sources.length++
    })
  }
}

function categoryOf(frame: Frame): number {
  if (frame.function === '(idle)') return CATEGORY.idle
  if (frame.function === '(garbage collector)') return CATEGORY.collector
  if (frame.async) return CATEGORY.awaiting
  if (frame.file?.startsWith('node:') === true) return CATEGORY.node
  return frame.file === null || frame.native ? CATEGORY.other : CATEGORY.javascript
}

function once(known: Map<string, number>, key: string, make: () => number): number {
  const there = known.get(key)
  if (there !== undefined) return there
  const made = make()
  known.set(key, made)
  return made
}
