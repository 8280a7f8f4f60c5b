/**
 * Who is to give back a lock that no suspended function holds: a callback of the application that listens to an emitter or
 * waits for a timer, whose text gives something back and whose scope leads to the lock. Functions that wait for their turn
 * by `then` are none: only what an emitter or a timer calls counts.
 */
import type { LockCallback, WaitFacts } from '../../model/wait.js'
import { originOf } from '../../source/origin.js'
import { GIVES_BACK } from '../../source/turn-mentions.js'
import type { Tagged } from '../../v8/heap/heap.js'
import type { ContainingObjects } from '../../v8/objects/containing-object.js'
import type { Objects } from '../../v8/objects/objects.js'
import { scriptPath } from '../../v8/objects/scripts.js'
import type { Locks } from '../judge/locks.js'
import { Paths } from '../judge/paths.js'
import { ReverseSearch, type ReverseContext } from '../search/reverse.js'
import { scanHolders } from '../search/reverse-scan.js'
import { objectOf, type Finding } from '../search/wait-search.js'
import { applicationFunctions } from './takings.js'

const MAX_LOCKS = 4
const MAX_FUNCTIONS = 500
const MAX_CLOSURES = 200
const MAX_TEXT = 4_000
const MAX_SCOPES = 10
const MAX_SLOTS = 100
/** The callback, and a function in its scope that it calls. */
const MAX_CALLS = 2
const MAX_WAY = 8
const MAX_NAMED = 3

export interface LockCallbackSearch {
  readonly context: ReverseContext & { readonly containing: ContainingObjects }
  readonly locks: Locks
  readonly findings: ReadonlyMap<Tagged, Finding>
  readonly expired: () => boolean
}

/** Completes the waits for locks without a holder in place. */
export function nameCallbacks(waits: Map<Tagged, WaitFacts>, search: LockCallbackSearch): void {
  const open = [...waits].flatMap(([promise, wait]) => {
    const finding = search.findings.get(promise)
    return finding !== undefined && isOpen(wait) ? [{ promise, wait, targets: targetsOf(search.locks, finding) }] : []
  })
  const groups = new Map<Tagged, typeof open>()
  for (const each of open) {
    const [first = 0] = each.targets
    if (first !== 0) groups.set(first, [...(groups.get(first) ?? []), each])
  }
  if (groups.size === 0 || search.expired()) return
  const closures = closuresGivingBack(search, open[0]?.promise ?? 0)
  if (closures.length === 0) return
  for (const group of [...groups.values()].slice(0, MAX_LOCKS)) {
    const targets = new Set(group.flatMap((each) => each.targets))
    const callbacks = called(
      search,
      closures.filter((closure) => leadsTo(search, closure, targets, MAX_CALLS)),
    )
    if (callbacks.length === 0) continue
    for (const { promise, wait } of group) waits.set(promise, { ...wait, callbacks })
  }
}

function isOpen(wait: WaitFacts): wait is Extract<WaitFacts, { readonly kind: 'lock' }> {
  return wait.kind === 'lock' && wait.holders === undefined && wait.links === undefined && wait.paused !== true
}

/** The lock's own objects, and its queue. */
function targetsOf(locks: Locks, finding: Finding): Tagged[] {
  const queue = locks.nearestQueueOf(finding)
  return queue === 0 ? [] : [queue, ...locks.ownersOf(finding)]
}

/** Closures of the application whose text gives something back. */
function closuresGivingBack({ context, locks, expired }: LockCallbackSearch, promise: Tagged): Tagged[] {
  const { objects, blocks, containing } = context
  const example = locks.chains.lastAwaiting(promise)
  if (example === undefined) return []
  const functions = applicationFunctions(example.function, { objects, blocks, expired }).filter(
    ({ script, start, end }) => GIVES_BACK.test(script?.source(start, Math.min(end - start, MAX_TEXT)) ?? ''),
  )
  const wanted = functions.slice(0, MAX_FUNCTIONS).map(({ address }) => address)
  const found = new Set<Tagged>()
  const note = (_: Tagged, slot: number): void => {
    const holder = containing.holderOf(slot)
    if (holder === null || holder === 'unclear' || !objects.heap.isFunctionType(holder.type)) return
    if (holder.offset === objects.heap.layout.jsFunction.shared) found.add(holder.object)
  }
  scanHolders(blocks, wanted, note, { limit: wanted.length, expired, enough: () => found.size > MAX_CLOSURES })
  return [...found].slice(0, MAX_CLOSURES)
}

/** Whether a variable that it mentions is the lock, or a function that gives back and leads to it in turn. */
function leadsTo(search: LockCallbackSearch, closure: Tagged, targets: ReadonlySet<Tagged>, calls: number): boolean {
  const { objects, scopes } = search.context
  const { heap } = objects
  const info = objects.functions.ofFunction(closure)
  if (info?.script == null || info.start < 0) return false
  if (!GIVES_BACK.test(info.script.source(info.start, Math.min(info.end - info.start, MAX_TEXT)) ?? '')) return false
  let scope = heap.functionContext(closure)
  for (let depth = 0; depth < MAX_SCOPES && heap.isContext(scope); depth++) {
    if (scopes.isNativeContextType(heap.typeOf(scope))) return false
    const slots = Math.min(heap.smi(scope, heap.layout.context.length) ?? 0, MAX_SLOTS)
    for (let i = 2; i < slots; i++) {
      const value = scopes.unwrapCell(heap.contextSlot(scope, i))
      const isLock = targets.has(value)
      if (!isLock && !(calls > 1 && value !== closure && heap.isFunction(value))) continue
      const variable = scopes.variableAt(scope, heap.layout.context.slots + 8 * i)
      if (variable === '' || !scopes.mentions(closure, variable)) continue
      if (isLock || leadsTo(search, value, targets, calls - 1)) return true
    }
    scope = heap.contextSlot(scope, heap.layout.context.previousIndex)
  }
  return false
}

/** Those that an emitter or a timer calls, with what it is and for which event. */
function called({ context, expired }: LockCallbackSearch, closures: readonly Tagged[]): LockCallback[] {
  if (closures.length === 0) return []
  const { objects, scopes, suspended } = context
  const { findings } = new ReverseSearch(context).run(closures, expired, objects.heap.types.JS_OBJECT)
  const paths = new Paths(objects, scopes, suspended)
  const found = new Map<string, LockCallback>()
  for (const closure of closures) {
    const finding = findings.get(closure)
    const info = objects.functions.ofFunction(closure)
    const caller = finding === undefined ? null : callerOf(context, paths, finding)
    if (info === null || caller === null) continue
    const file = scriptPath(info.script?.name ?? null)
    if (originOf(file) !== 'user') continue
    const at = objects.functions.definition(info)
    const one = { function: info.name, file, line: at?.line ?? null, column: at?.column ?? null, ...caller }
    const key = `${one.file}:${one.line}:${one.column}:${one.of}`
    if (!found.has(key)) found.set(key, one)
  }
  return [...found.values()].slice(0, MAX_NAMED)
}

function callerOf(
  { objects }: ReverseContext,
  paths: Paths,
  finding: Finding,
): { readonly of: string; readonly event?: string } | null {
  for (const key of finding.waypoints) {
    const parts = paths.parts(finding, key)
    const [first, second] = parts
    if (first?.slot !== '._events' || parts.length > MAX_WAY) continue
    // Another listener that has it in its scope may call it or not; node's own wrapper for `once` does.
    if (parts.some(({ role, object }) => role === 'function' && !isNodes(objects, object))) continue
    const event = second?.slot.startsWith('.') === true ? second.slot.slice(1) : undefined
    return { of: first.name || 'EventEmitter', ...(event === undefined ? {} : { event }) }
  }
  for (const { key, kind } of finding.ends) {
    if (kind !== 'resource' || objects.className(objectOf(key)) !== 'Timeout') continue
    const parts = paths.parts(finding, key)
    if (parts.length <= 2 && parts[0]?.slot === '._onTimeout') return { of: 'Timeout' }
  }
  return null
}

function isNodes(objects: Objects, fn: Tagged): boolean {
  return objects.functions.ofFunction(fn)?.script?.name?.startsWith('node:') === true
}
