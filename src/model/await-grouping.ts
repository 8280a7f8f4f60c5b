/**
 * From suspended functions and the links between them to the tree that is shown: leaf-up and root-down, alike ones as
 * one line with a count. Pure; both engines (memory, heap snapshot) end here, so that their trees can be compared.
 */
import type { AwaitFunctionKind, AwaitNode, AwaitRoot, AwaitTree, WaitFacts } from './await.js'
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
  const awaits = groupLeafUp(functions)
  const roots = groupRootDown(functions, notes)
  return { engine: facts.engine, awaits, roots, suspended: functions.length, pausedMs: facts.pausedMs, notes }
}

function placeKey(f: SuspendedFunction): string {
  return `${f.function ?? ''}\0${f.file ?? ''}\0${f.line ?? ''}\0${f.column ?? ''}\0${f.kind}`
}

/** Functions alike in place and chain get the same number, without walking every chain anew. */
function chainNumbers(functions: readonly SuspendedFunction[]): Int32Array {
  const numbers = new Int32Array(functions.length).fill(-1)
  const byKey = new Map<string, number>()
  const number = (key: string): number => {
    const known = byKey.get(key)
    if (known !== undefined) return known
    byKey.set(key, byKey.size)
    return byKey.size - 1
  }
  for (let i = 0; i < functions.length; i++) {
    const path = chainOf(functions, i, numbers)
    for (let k = path.length - 1; k >= 0; k--) {
      const at = path[k]
      const f = at === undefined ? undefined : functions[at]
      if (at === undefined || f === undefined || numbers[at] !== -1) continue
      const above = path[k + 1]
      numbers[at] = number(`${placeKey(f)}\n${above === undefined ? 'root' : numbers[above]}`)
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

interface Group {
  readonly first: number
  count: number
  readonly doubtful: boolean
  best: WaitFacts | null
  readonly work: Map<string, Work>
}

function addWork(known: Map<string, Work>, { work }: SuspendedFunction): void {
  if (work !== undefined && known.size < MAX_WORK) known.set(workKey(work), work)
}

function groupLeafUp(functions: readonly SuspendedFunction[]): AwaitNode<WaitFacts>[] {
  const numbers = chainNumbers(functions)
  const groups = new Map<string, Group>()
  functions.forEach((f, i) => {
    const waits = f.awaitsListed ? 'await' : (f.waitsFor?.kind ?? '')
    const key = `${numbers[i]}\n${f.tid ?? ''}\n${waits}\n${f.doubtful === true}`
    const group = groups.get(key)
    if (group === undefined) {
      const work = new Map<string, Work>()
      addWork(work, f)
      groups.set(key, { first: i, count: 1, doubtful: f.doubtful === true, best: f.waitsFor, work })
      return
    }
    group.count++
    group.best = moreTelling(group.best, f.waitsFor)
    addWork(group.work, f)
  })
  const frames = functions.map((f) => toFrame(f))
  const nodes: { node: AwaitNode<WaitFacts>; rank: number }[] = []
  for (const group of groups.values()) {
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
      awaitedBy: chain.flatMap((i) => frames[i] ?? []),
      waitsFor: f.awaitsListed ? { kind: 'await' } : group.best,
      ...(f.source === undefined ? {} : { source: f.source }),
      ...(f.tid === undefined ? {} : { tid: f.tid }),
      ...(f.locals === undefined ? {} : { locals: f.locals }),
      ...(group.work.size === 0 ? {} : { work: [...group.work.values()] }),
      ...(group.doubtful ? { doubtful: true } : {}),
    }
    nodes.push({ node, rank: rankOf(node) })
  }
  return nodes.sort((a, b) => a.rank - b.rank || b.node.count - a.node.count).map((entry) => entry.node)
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
  if (a === null) return b
  if (b === null) return a
  if (!isDeadlock(a) && isDeadlock(b)) return b
  return Object.keys(b).length > Object.keys(a).length ? b : a
}

function groupRootDown(functions: readonly SuspendedFunction[], notes: string[]): AwaitRoot<WaitFacts>[] {
  const awaited: number[][] = functions.map(() => [])
  functions.forEach((f, i) => {
    for (const up of f.awaiters) awaited[up]?.push(i)
  })
  const budget = { left: MAX_ROOT_NODES, cut: 0 }
  const tops = functions.flatMap((f, i) => (f.awaiters.length === 0 && f.idle !== true ? [i] : []))
  const roots = level(functions, awaited, tops, new Set(), budget, 1)
  if (budget.cut > 0) notes.push(`root-down view cut after ${MAX_ROOT_NODES} lines (${budget.cut} functions left out)`)
  return roots
}

/** `above` holds what is on the way from the root: a function awaited by itself ends there. */
function level(
  functions: readonly SuspendedFunction[],
  awaited: readonly (readonly number[])[],
  members: readonly number[],
  above: Set<number>,
  budget: { left: number; cut: number },
  depth: number,
): AwaitRoot<WaitFacts>[] {
  const groups = new Map<string, number[]>()
  for (const i of members) {
    const f = functions[i]
    if (f === undefined || above.has(i)) continue
    const key = `${placeKey(f)}\n${f.awaitsListed ? 'await' : (f.waitsFor?.kind ?? '')}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [i])
    else group.push(i)
  }
  const roots: AwaitRoot<WaitFacts>[] = []
  for (const group of groups.values()) {
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
    const awaiting = below.length === 0 ? [] : level(functions, awaited, below, above, budget, depth + 1)
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
