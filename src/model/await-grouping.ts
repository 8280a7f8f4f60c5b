/**
 * From suspended functions and the links between them to the tree that is shown: leaf-up and root-down, alike ones as
 * one line with a count. Pure; both engines (memory, heap snapshot) end here, so that their trees can be compared.
 */
import {
  MAX_CALLS,
  type AwaitFunctionKind,
  type AwaitNode,
  type AwaitRoot,
  type AwaitTree,
  type WaitFacts,
} from './await.js'
import type { Frame, LocalValue, SourcePosition } from './frame.js'
import { MAX_WORK, type Work, workKey } from './work.js'

/** One suspended function before grouping. Links are indices into the list it came in. */
export interface SuspendedFunction {
  readonly function: string | null
  readonly file: string | null
  readonly line: number | null
  readonly column: number | null
  readonly kind: AwaitFunctionKind
  /** Whom its end resumes, directly or through a combinator; in the order in which they began to wait. */
  readonly awaiters: readonly number[]
  /** True when what it awaits is settled by other suspended functions, which are in the list themselves. */
  readonly awaitsListed: boolean
  readonly waitsFor: WaitFacts | null
  /** A generator between two values: it waits for its consumer, nobody waits for it. Not in the root-down view. */
  readonly idle?: boolean
  /** A number that tells this very call from another of the same function; see `AwaitNode.calls`. */
  readonly call?: number
  /** Of the promise that it awaits; see `AwaitNode.promise`. */
  readonly promise?: number
  readonly tid?: number
  readonly doubtful?: boolean
  readonly locals?: readonly LocalValue[]
  /** Whose work it is; absent when nothing says so. */
  readonly work?: Work
  readonly source?: SourcePosition
}

/** Longest chain that is followed up or down; a cycle of awaits ends earlier, at its first repeat. */
const MAX_CHAIN = 200
/** Most lines of a root-down view; what is beyond is counted in the notes. */
const MAX_ROOT_NODES = 5_000
const MAX_ROOT_DEPTH = 100

export interface AwaitTreeFacts {
  readonly engine: AwaitTree['engine']
  readonly pausedMs: number
  readonly notes: readonly string[]
}

/** Groups and orders: functions whose wait has a cause first, then by count. */
export function buildAwaitTree(functions: readonly SuspendedFunction[], facts: AwaitTreeFacts): AwaitTree<WaitFacts> {
  const notes = [...facts.notes]
  const places = placeNumbers(functions)
  const awaits = groupLeafUp(functions, places)
  const roots = groupRootDown(functions, places, notes)
  return { engine: facts.engine, awaits, roots, suspended: functions.length, pausedMs: facts.pausedMs, notes }
}

const KINDS: readonly AwaitFunctionKind[] = ['async function', 'async generator', 'generator', 'module']
/** Lines and columns stay below it, and what is put together of them is still exact. */
const PLACES = 2 ** 24

/** Functions alike in place get the same number, from 0 on. */
function placeNumbers(functions: readonly SuspendedFunction[]): Int32Array {
  const byFile = new Map<string, Map<string, Map<number, number>>>()
  let count = 0
  const numberOf = ({ file, function: name, line, column, kind }: SuspendedFunction): number => {
    const byName = entryOf(byFile, file ?? '', () => new Map<string, Map<number, number>>())
    const byPlace = entryOf(byName, name ?? '', () => new Map<number, number>())
    const place = ((line ?? -1) + 1) * PLACES + (column ?? -1) + 1
    return entryOf(byPlace, place * KINDS.length + KINDS.indexOf(kind), () => count++)
  }
  const numbers = new Int32Array(functions.length)
  let before: SuspendedFunction | undefined
  for (const [i, f] of functions.entries()) {
    // Those of one place were found one after the other, as they were allocated.
    numbers[i] = before !== undefined && isSamePlace(before, f) ? (numbers[i - 1] ?? 0) : numberOf(f)
    before = f
  }
  return numbers
}

function isSamePlace(a: SuspendedFunction, b: SuspendedFunction): boolean {
  return (
    a.function === b.function && a.line === b.line && a.column === b.column && a.file === b.file && a.kind === b.kind
  )
}

function entryOf<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key)
  if (value === undefined) {
    value = make()
    map.set(key, value)
  }
  return value
}

/** Above the numbers that functions may get. */
const NUMBERS = 2 ** 26

/** Functions alike in place and chain get the same number, without walking every chain anew. */
function chainNumbers(functions: readonly SuspendedFunction[], places: Int32Array): Int32Array {
  const numbers = new Int32Array(functions.length).fill(-1)
  const byPair = new Map<number, number>()
  for (let i = 0; i < functions.length; i++) {
    const path = chainOf(functions, i, numbers)
    for (let k = path.length - 1; k >= 0; k--) {
      const at = path[k]
      if (at === undefined || numbers[at] !== -1) continue
      const up = path[k + 1]
      const above = up === undefined ? 0 : (numbers[up] ?? -1) + 1
      numbers[at] = entryOf(byPair, (places[at] ?? 0) * NUMBERS + above, () => byPair.size)
    }
  }
  return numbers
}

/** The function and its first awaiters up to the root; stops at a repeat, and at the first that has its number. */
function chainOf(functions: readonly SuspendedFunction[], start: number, numbers?: Int32Array): number[] {
  const path: number[] = []
  const seen = new Set<number>()
  for (let i: number | undefined = start; i !== undefined && !seen.has(i) && path.length < MAX_CHAIN;) {
    seen.add(i)
    path.push(i)
    if (numbers !== undefined && numbers[i] !== -1) break
    i = functions[i]?.awaiters[0]
  }
  return path
}

function toFrame(f: SuspendedFunction): Frame {
  return {
    function: f.function,
    file: f.file,
    line: f.line,
    column: f.column,
    tier: null,
    async: true,
    native: false,
    ...(f.source === undefined ? {} : { source: f.source }),
  }
}

function frameAt(functions: readonly SuspendedFunction[], i: number, made: Map<number, Frame>): Frame | undefined {
  const f = functions[i]
  return f === undefined ? undefined : entryOf(made, i, () => toFrame(f))
}

interface Group {
  readonly first: number
  readonly waits: string
  count: number
  readonly doubtful: boolean
  best: WaitFacts | null
  readonly work: Map<string, Work>
  readonly calls: number[]
}

function addWork(known: Map<string, Work>, { work }: SuspendedFunction): void {
  if (work !== undefined && known.size < MAX_WORK) known.set(workKey(work), work)
}

/** How the wait tells functions of one place apart. */
function waitsOf(f: SuspendedFunction): string {
  return f.awaitsListed ? 'await' : (f.waitsFor?.kind ?? '')
}

function groupLeafUp(functions: readonly SuspendedFunction[], places: Int32Array): AwaitNode<WaitFacts>[] {
  const numbers = chainNumbers(functions, places)
  const byChain = new Map<number, Group[]>()
  const groups: Group[] = []
  for (const [i, f] of functions.entries()) {
    const waits = waitsOf(f)
    const doubtful = f.doubtful === true
    const alike = entryOf(byChain, numbers[i] ?? -1, (): Group[] => [])
    const group = alike.find(
      (each) => each.waits === waits && each.doubtful === doubtful && functions[each.first]?.tid === f.tid,
    )
    if (group === undefined) {
      const work = new Map<string, Work>()
      addWork(work, f)
      const calls = f.call === undefined ? [] : [f.call]
      const made = { first: i, waits, count: 1, doubtful, best: f.waitsFor, work, calls }
      alike.push(made)
      groups.push(made)
    } else {
      group.count++
      group.best = moreTelling(group.best, f.waitsFor)
      addWork(group.work, f)
      if (f.call !== undefined && group.calls.length < MAX_CALLS) group.calls.push(f.call)
    }
  }
  const frames = new Map<number, Frame>()
  const nodes: { node: AwaitNode<WaitFacts>; rank: number }[] = []
  for (const group of groups) {
    const f = functions[group.first]
    if (f === undefined) continue
    const chain = chainOf(functions, group.first).slice(1)
    const node: AwaitNode<WaitFacts> = {
      function: f.function,
      file: f.file,
      line: f.line,
      column: f.column,
      kind: f.kind,
      count: group.count,
      awaitedBy: chain.flatMap((i) => frameAt(functions, i, frames) ?? []),
      waitsFor: f.awaitsListed ? { kind: 'await' } : group.best,
      ...(f.source === undefined ? {} : { source: f.source }),
      ...(f.tid === undefined ? {} : { tid: f.tid }),
      ...(group.calls.length < group.count ? {} : { calls: group.calls.toSorted((a, b) => a - b) }),
      ...promiseOf(f, group),
      ...(f.locals === undefined ? {} : { locals: f.locals }),
      ...(group.work.size === 0 ? {} : { work: [...group.work.values()] }),
      ...(group.doubtful ? { doubtful: true } : {}),
    }
    nodes.push({ node, rank: rankOf(node) })
  }
  return nodes.sort((a, b) => a.rank - b.rank || b.node.count - a.node.count).map((entry) => entry.node)
}

/** Of a function alone in its place; of a wait that changed while it was read, for a comparison with a look in which it did not. */
function promiseOf(f: SuspendedFunction, { count, best }: Group): Pick<AwaitNode, 'promise'> {
  const told = best === null || best.kind === 'timer' || (best.kind === 'unknown' && best.why === 'moved')
  return count > 1 || f.awaitsListed || !told || f.promise === undefined ? {} : { promise: f.promise }
}

/** Leaves with a known cause, leaves without, those who only await others, doubtful ones. */
function rankOf(node: AwaitNode<WaitFacts>): number {
  if (node.doubtful === true) return 4
  if (node.kind === 'generator') return 5
  const kind = node.waitsFor?.kind
  if (kind === 'await') return 3
  return kind === undefined || kind === 'unknown' ? 2 : 1
}

function isDeadlock(wait: WaitFacts): boolean {
  return wait.kind === 'lock' && wait.links !== undefined
}

function moreTelling(a: WaitFacts | null, b: WaitFacts | null): WaitFacts | null {
  if (a === b || b === null) return a
  if (a === null) return b
  if (!isDeadlock(a) && isDeadlock(b)) return b
  return Object.keys(b).length > Object.keys(a).length ? b : a
}

function groupRootDown(
  functions: readonly SuspendedFunction[],
  places: Int32Array,
  notes: string[],
): AwaitRoot<WaitFacts>[] {
  const awaited: number[][] = functions.map(() => [])
  functions.forEach((f, i) => {
    for (const up of f.awaiters) awaited[up]?.push(i)
  })
  const budget = { left: MAX_ROOT_NODES, cut: 0 }
  const tops = functions.flatMap((f, i) => (f.awaiters.length === 0 && f.idle !== true ? [i] : []))
  const roots = level({ functions, places, awaited, budget }, tops, new Set(), 1)
  if (budget.cut > 0) notes.push(`root-down view cut after ${MAX_ROOT_NODES} lines (${budget.cut} functions left out)`)
  return roots
}

interface RootDown {
  readonly functions: readonly SuspendedFunction[]
  readonly places: Int32Array
  /** By index, the functions that a function awaits. */
  readonly awaited: readonly (readonly number[])[]
  readonly budget: { left: number; cut: number }
}

/** `above` holds what is on the way from the root: a function awaited by itself ends there. */
function level(view: RootDown, members: readonly number[], above: Set<number>, depth: number): AwaitRoot<WaitFacts>[] {
  const { functions, places, awaited, budget } = view
  const byPlace = new Map<number, { readonly waits: string; readonly members: number[] }[]>()
  const groups: number[][] = []
  for (const i of members) {
    const f = functions[i]
    if (f === undefined || above.has(i)) continue
    const waits = waitsOf(f)
    const alike = entryOf(byPlace, places[i] ?? -1, (): { waits: string; members: number[] }[] => [])
    const group = alike.find((each) => each.waits === waits)
    if (group === undefined) {
      const made = { waits, members: [i] }
      alike.push(made)
      groups.push(made.members)
    } else group.members.push(i)
  }
  const roots: AwaitRoot<WaitFacts>[] = []
  for (const group of groups) {
    const first = group[0]
    const f = first === undefined ? undefined : functions[first]
    if (f === undefined) continue
    if (budget.left-- <= 0) {
      budget.cut += group.length
      continue
    }
    const below = depth >= MAX_ROOT_DEPTH ? [] : [...new Set(group.flatMap((i) => awaited[i] ?? []))]
    const best = group.reduce<WaitFacts | null>((known, i) => moreTelling(known, functions[i]?.waitsFor ?? null), null)
    for (const i of group) above.add(i)
    const awaiting = below.length === 0 ? [] : level(view, below, above, depth + 1)
    for (const i of group) above.delete(i)
    roots.push({
      function: f.function,
      file: f.file,
      line: f.line,
      column: f.column,
      count: group.length,
      awaiting,
      ...(f.awaitsListed ? {} : { waitsFor: best }),
    })
  }
  return roots.sort((a, b) => b.count - a.count)
}
