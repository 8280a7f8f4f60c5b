/** The chains of awaits among the functions of one scan: who goes on with whose end, what is at the bottom, which are alike. */
import type { AwaitScan } from './await-scan.js'
import { awaitersOf, leafPromises, type LeafPromises, type Suspended } from './suspended.js'
import { userFirst } from './user-first.js'

/** What is farther up does not tell chains apart. */
const MAX_PARTS = 50
/** Above the number of functions that are read. */
const NUMBERS = 2 ** 26
/** In place of the number above it, for a function that nobody awaits. */
const ROOT = -1
const UNKNOWN = -2

export interface Chains {
  /** By index of the list: whom a function's end resumes, the way out first. */
  readonly awaiters: readonly (readonly number[])[]
  readonly bottoms: readonly LeafPromises[]
  /** The same number for functions that stand at the same await below the same chain. */
  readonly alike: Int32Array
}

const known = new WeakMap<AwaitScan, Chains>()

/** Of one scan always the same: a scan that still holds at a later look is asked again. */
export function chainsOf(scan: AwaitScan): Chains {
  const before = known.get(scan)
  if (before !== undefined) return before
  const { list } = scan.suspended
  const awaiters = userFirst(
    list,
    list.map((one) => awaitersOf(scan.links, scan.suspended, one.results)),
  )
  const bottoms = list.map((one) => leafPromises(scan.suspended, one.awaits))
  const found = { awaiters, bottoms, alike: alikeOf(list, awaiters) }
  known.set(scan, found)
  return found
}

type Standing = Pick<Suspended, 'function' | 'continuation'>

/** Each function's number is that of its place and of the function above it: no chain is walked twice. */
export function alikeOf(list: readonly Standing[], awaiters: readonly (readonly number[])[]): Int32Array {
  const numbers = new Int32Array(list.length).fill(UNKNOWN)
  const depths = new Int32Array(list.length)
  const places = new Map<number, Map<number, number>>()
  const pairs = new Map<number, number>()
  const texts = new Map<string, number>()
  let placeCount = 0
  const placeOf = ({ function: { address }, continuation }: Standing): number => {
    let positions = places.get(address)
    if (positions === undefined) places.set(address, (positions = new Map<number, number>()))
    let place = positions.get(continuation)
    if (place === undefined) positions.set(continuation, (place = placeCount++))
    return place
  }
  const ofPair = (place: number, above: number): number => {
    const pair = place * NUMBERS + above + 1
    let number = pairs.get(pair)
    if (number === undefined) pairs.set(pair, (number = pairs.size))
    return number
  }
  // Below the numbers of the others.
  const ofText = (text: string): number => {
    let number = texts.get(text)
    if (number === undefined) texts.set(text, (number = UNKNOWN - 1 - texts.size))
    return number
  }
  for (let i = 0; i < list.length; i++) {
    const path: number[] = []
    let at: number | undefined = i
    while (at !== undefined && numbers[at] === UNKNOWN && path.length <= MAX_PARTS && !path.includes(at)) {
      path.push(at)
      at = awaiters[at]?.[0]
    }
    let above = at === undefined ? ROOT : (numbers[at] ?? UNKNOWN)
    let depth = at === undefined ? 0 : (depths[at] ?? 0)
    for (const index of path.toReversed()) {
      const one = list[index]
      depth++
      // A chain that goes round, or is too long to be told apart to its end, and all that is below such a one.
      const isEndless = above < ROOT || depth > MAX_PARTS
      above = isEndless || one === undefined ? ofText(textOf(list, awaiters, index)) : ofPair(placeOf(one), above)
      numbers[index] = above
      depths[index] = depth
    }
  }
  return numbers
}

function textOf(list: readonly Standing[], awaiters: readonly (readonly number[])[], start: number): string {
  const parts: string[] = []
  const seen = new Set<number>()
  for (let i: number | undefined = start; i !== undefined && !seen.has(i) && parts.length < MAX_PARTS;) {
    seen.add(i)
    const one: Standing | undefined = list[i]
    parts.push(`${one?.function.address}:${one?.continuation}`)
    i = awaiters[i]?.[0]
  }
  return parts.join('<')
}
