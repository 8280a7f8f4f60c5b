/**
 * Who has a lent member that no suspended function has in a variable: one search back from all such members, and what each
 * way ends at. What the application has counts: its variables, its closures. A way through packages alone is the client's
 * own business; still it is no proof that the member is lost.
 */
import type { MemberHolder, WaitHolder } from '../../model/await.js'
import { originOf, packageOf } from '../../source/origin.js'
import type { Tagged } from '../../v8/heap/heap.js'
import type { Objects } from '../../v8/objects/objects.js'
import type { HeapPage } from '../../v8/heap/isolates.js'
import type { FunctionInfo } from '../../v8/objects/functions.js'
import { scriptPath } from '../../v8/objects/scripts.js'
import { Paths, plainParts, withoutKeys } from '../judge/paths.js'
import { closuresOf, declarationOf } from '../search/declared-at.js'
import type { Suspended } from '../scan/suspended.js'
import { findNativeRoots } from '../search/native-roots.js'
import { ReverseSearch, type ReverseContext } from '../search/reverse.js'
import { objectOf, stepsDown, type Finding, type FoundEnd } from '../search/wait-search.js'
import type { HoldingFunctions } from './functions-of.js'
import type { LentEdges } from './lent-edges.js'

/** Classes that say nothing of what a closure is for. */
const PLAIN = /^(?:Object|Array|Map|Set|Promise)$/

/** From a function over its variables to a session or cursor, and from there to the connection. */
const MAX_NEAR = 5

export interface HolderSearch extends Omit<ReverseContext, 'edges'> {
  readonly edges: LentEdges
  readonly functions: HoldingFunctions
  /** Those who wait for a member of this pool. */
  readonly waiting: ReadonlySet<Suspended>
  /** The pool, and what leads to its members for its sake. */
  readonly owners: readonly Tagged[]
  /** Of the pool's class and its members'. */
  readonly ownPackages: ReadonlySet<string>
  readonly pages: readonly HeapPage[]
  readonly expired: () => boolean
}

/**
 * @param members each with what it wraps: whoever has the one has the other
 * @returns by the first of each; those of which it could not be told are missing
 */
export function holdersOf(members: readonly (readonly Tagged[])[], given: HolderSearch): Map<Tagged, MemberHolder> {
  const { objects, expired } = given
  const run = (search: HolderSearch): ReturnType<ReverseSearch['run']> =>
    new ReverseSearch(search).run(members.flat(), expired, objects.heap.types.JS_OBJECT)
  const first = run(given)
  const registers = registersOf(members, first.findings, given)
  const search = registers.size === 0 ? given : { ...given, edges: given.edges.closedTo(registers) }
  const { findings, cost } = registers.size === 0 ? first : run(search)
  const { edges } = search
  const closures = closuresOf(objects, search, scopesAtRoots(search, findings), expired)
  const found = new Map<Tagged, MemberHolder>()
  const open = new Map<Tagged, readonly Finding[]>()
  for (const member of members) {
    const own = member.flatMap((alias) => findings.get(alias) ?? [])
    const holder =
      firstOf(own, (finding) => inFunction(search, finding)) ??
      firstOf(own, (finding) => inVariable(search, finding, closures)) ??
      firstOf(own, (finding) => inClosure(search, finding))
    const [object = 0] = member
    if (holder !== null) found.set(object, holder)
    else if (!own.some((finding) => finding.capped || isHeldByPackages(search, finding, closures)))
      open.set(object, own)
  }
  // A search that misses the pool has missed others too. One that stops at the client's lists may meet those instead, or
  // the first of them, for they lie behind each other.
  const meetsPool = given.owners.some((owner) => given.edges.hasMet(owner))
  const meetsAgain = [...given.owners, ...registers].some((each) => edges.hasMet(each))
  const proved = cost.complete && meetsPool && meetsAgain && !expired()
  if (!proved || open.size === 0) return found
  const rooted = heldByNative(search, [...open.values()].flat())
  for (const [object, own] of open) {
    const isMet = own.some(({ promise }) => edges.hasMet(promise))
    if (isMet && !own.some((finding) => rooted.has(finding))) found.set(object, { by: 'nobody' })
  }
  return found
}

/**
 * Objects of the client's own classes that lead to several members equally far: it lists there what it has made of them
 * (sessions, cursors), and whoever has the client reaches all of those. What one took for itself is nearest to its own
 * member, and reaches the others through the client alone.
 */
function registersOf(
  members: readonly (readonly Tagged[])[],
  findings: ReadonlyMap<Tagged, Finding>,
  { objects, ownPackages }: HolderSearch,
): Set<Tagged> {
  const nearest = new Map<Tagged, { readonly depth: number; readonly members: number }>()
  for (const member of members) {
    for (const [object, depth] of depthsOf(member.flatMap((alias) => findings.get(alias) ?? []))) {
      const known = nearest.get(object)
      if (known === undefined || depth < known.depth) nearest.set(object, { depth, members: 1 })
      else if (depth === known.depth) nearest.set(object, { depth, members: known.members + 1 })
    }
  }
  const several = [...nearest].flatMap(([object, { members: count }]) => (count > 1 ? [object] : []))
  return new Set(several.filter((object) => isOfPackages(objects, object, ownPackages)))
}

function depthsOf(findings: readonly Finding[]): Map<Tagged, number> {
  const depths = new Map<Tagged, number>()
  for (const { steps } of findings) {
    for (const [key, step] of steps) {
      const object = objectOf(key)
      depths.set(object, Math.min(depths.get(object) ?? Number.MAX_SAFE_INTEGER, step?.depth ?? 0))
    }
  }
  return depths
}

function isOfPackages(objects: Objects, object: Tagged, packages: ReadonlySet<string>): boolean {
  if (!objects.isObject(object) || objects.heap.isFunction(object)) return false
  const name = packageOf(scriptPath(objects.classScript(object)))
  return name !== null && name !== 'node:' && packages.has(name)
}

function firstOf(own: readonly Finding[], ask: (finding: Finding) => MemberHolder | null): MemberHolder | null {
  for (const finding of own) {
    const answer = ask(finding)
    if (answer !== null) return answer
  }
  return null
}

/** Who waits for a member reaches all of them through the client: it may have one too, but then nearer than that. */
function inFunction({ functions, waiting }: HolderSearch, finding: Finding): MemberHolder | null {
  const able = finding.holders.flatMap((key) => {
    const one = functions.at(objectOf(key))
    if (one === null || !functions.canUse(one)) return []
    return waiting.has(one) && (finding.steps.get(key)?.depth ?? 0) > MAX_NEAR ? [] : [one]
  })
  const one = functions.outermost(able)
  if (one === null) return null
  return { by: 'function', place: placeOf(one.function, one.place) }
}

function placeOf({ name, script }: FunctionInfo, at: Suspended['place']): WaitHolder {
  return {
    function: name,
    file: scriptPath(script?.name ?? null),
    line: at?.line ?? null,
    column: at?.column ?? null,
  }
}

function scopesAtRoots({ objects, scopes }: HolderSearch, findings: ReadonlyMap<Tagged, Finding>): Set<Tagged> {
  const found = new Set<Tagged>()
  for (const finding of findings.values()) {
    for (const end of rootsOf(finding)) {
      for (const key of stepsDown(finding, end.key)) {
        const step = finding.steps.get(key)
        if (step == null || !objects.heap.isContextType(step.type)) continue
        if (!scopes.isNativeContextType(step.type)) found.add(objectOf(key))
      }
    }
  }
  return found
}

function rootsOf(finding: Finding): FoundEnd[] {
  return finding.ends.filter(({ kind }) => kind === 'root')
}

/** A module's variable of the application, or a property of the global object; a closure on the way says more. */
function inVariable(
  search: HolderSearch,
  finding: Finding,
  closures: ReadonlyMap<Tagged, Tagged>,
): MemberHolder | null {
  const { objects, scopes } = search
  for (const end of rootsOf(finding)) {
    const root = finding.steps.get(end.key)
    const isGlobal = root?.type === objects.heap.types.PROPERTY_CELL
    const closure = closures.get(objectOf(end.key)) ?? 0
    if (!isGlobal && !isOwnCode(search, closure)) continue
    const variable = scopes.variableAt(objectOf(end.key), root?.offset ?? 0)
    const parts = new Paths(objects, scopes, search.suspended).parts(finding, end.key)
    return (
      callbackOn(search, finding, end) ?? {
        by: 'variable',
        parts: withoutKeys(plainParts(parts)),
        declared: closure === 0 ? null : declarationOf(objects, closure, variable),
      }
    )
  }
  return null
}

/** A closure of the application's on a way from what is alive. */
function inClosure(search: HolderSearch, finding: Finding): MemberHolder | null {
  for (const end of finding.ends) {
    const callback = callbackOn(search, finding, end)
    if (callback !== null) return callback
  }
  return null
}

/** The one nearest to the member, and the first object above it that has a class of its own. */
function callbackOn(search: HolderSearch, finding: Finding, end: FoundEnd): MemberHolder | null {
  const { objects } = search
  const chain = stepsDown(finding, end.key).map(objectOf)
  const at = chain.findLastIndex((object) => isOwnCode(search, object))
  const info = at < 0 ? null : objects.functions.ofFunction(chain[at] ?? 0)
  if (info === null) return null
  const owner = chain
    .slice(0, at)
    .toReversed()
    .map((object) => (objects.isObject(object) ? objects.className(object) : ''))
    .find((name) => name !== '' && !PLAIN.test(name))
  return {
    by: 'callback',
    place: placeOf(info, objects.functions.definition(info)),
    of: owner ?? '',
  }
}

/** By something alive that is neither the application's nor of the packages that the pool and its members are of. */
function isHeldByPackages(
  { objects, ownPackages }: HolderSearch,
  finding: Finding,
  closures: ReadonlyMap<Tagged, Tagged>,
): boolean {
  return finding.ends.some(({ key, kind }) => {
    const chain = stepsDown(finding, key).map(objectOf)
    const code = kind === 'root' ? [closures.get(objectOf(key)) ?? 0, ...chain] : chain
    const packagesAt = code.map((object) =>
      packageOf(scriptPath(objects.functions.ofFunction(object)?.script?.name ?? null)),
    )
    const packages = packagesAt.filter((name) => name !== null)
    // What settles a promise that the client's code goes on after is a task that it was handed (`use(() => sleep(4_000))`).
    const task = code.findIndex((object) => objects.heap.is(object, 'JS_PROMISE'))
    const own = packagesAt.findIndex((name) => name !== null && ownPackages.has(name))
    if (kind === 'resource' && task >= 0 && task < own) return true
    // A timer of the pool's own bounds what it lent, and a listener of the client's own is part of it.
    return (
      !packages.some((name) => ownPackages.has(name)) && (kind === 'root' || packages.some((name) => name !== 'node:'))
    )
  })
}

function isOwnCode({ objects }: HolderSearch, closure: Tagged): boolean {
  if (closure === 0 || !objects.heap.isFunction(closure)) return false
  return originOf(scriptPath(objects.functions.ofFunction(closure)?.script?.name ?? null)) === 'user'
}

/** What a handle of C++ refers to is alive, and a function that is on a stack: then somebody may have it whom no search sees. */
function heldByNative({ objects, edges, pages, expired }: HolderSearch, open: readonly Finding[]): Set<Finding> {
  const wanted = new Set<Tagged>(open.flatMap(({ steps }) => [...steps.keys()].map(objectOf)))
  const exclude = [...pages].sort((a, b) => a.start - b.start)
  const roots = findNativeRoots(objects.heap.memory, wanted, exclude, expired)
  const isAlive = (object: Tagged): boolean =>
    roots.strong.has(object) || (edges.isPassing(object) && roots.stray.has(object))
  return new Set(open.filter(({ steps }) => [...steps.keys()].some((key) => isAlive(objectOf(key)))))
}
