/**
 * Where the application takes members of a pool: for those that nothing alive has any more. Who lost one is not in memory;
 * the code is, so every call like the one that waits for its turn is looked up in the application's scripts. Functions
 * that surely give back what they take are left out.
 */
import type { Taking } from '../../model/await.js'
import {
  awaitedOn,
  takingCall,
  takingSites,
  takingsWithin,
  wayOutOfTaking,
  type Lent,
  type TakingCall,
} from '../../source/given-back.js'
import { originOf } from '../../source/origin.js'
import type { HeapBlocks } from '../../v8/heap/heap-blocks.js'
import type { Tagged } from '../../v8/heap/heap.js'
import type { FunctionInfo } from '../../v8/objects/functions.js'
import type { Objects } from '../../v8/objects/objects.js'
import { scriptPath, type Script } from '../../v8/objects/scripts.js'
import { ownTextOf } from '../judge/own-text.js'
import type { Suspended } from '../scan/suspended.js'
import { scanHolders } from '../search/reverse-scan.js'

const MAX_SCRIPTS = 300
const MAX_TEXT = 2 << 20
const MAX_ADDRESSES = 5_000
const MAX_FUNCTIONS = 60_000
const MAX_TAKINGS = 12
/** Calls that are judged: each is looked for among all functions of its script. */
const MAX_SITES = 300
/** A function that only hands on what it takes, and one that hands on what that one takes. */
const ROUNDS = 3

export interface FunctionSearch {
  readonly objects: Objects
  readonly blocks: HeapBlocks
  readonly expired: () => boolean
}

export interface TakingsSearch extends FunctionSearch {
  readonly lent: Lent
  /** Calls that are known to take one, whoever waits now; absent: they are like the one that waits. */
  readonly calls?: readonly TakingCall[]
  /** Variables that have the pool itself: who waits may have asked something that was made of it. */
  readonly poolNames?: readonly string[]
}

/** @param waiters functions of the application that wait for a member of the pool */
export function takingsOf(waiters: readonly Suspended[], search: TakingsSearch): Taking[] {
  const { expired, lent } = search
  const calls = new Map((search.calls ?? []).map((call) => [keyOf(call), call]))
  for (const waiter of search.calls === undefined ? waiters : []) {
    const own = ownTextOf(waiter)
    const call = own === null ? null : takingCall(own.text, own.at, lent)
    if (call !== null) calls.set(keyOf(call), call)
  }
  const [example] = waiters
  if (example === undefined) return []
  const scripts = scriptsLike(example.function, search)
  const texts = [...scripts.values()].flatMap((script) => {
    const length = script.sourceLength ?? 0
    const text = length > MAX_TEXT || expired() ? null : script.source(0, length)
    return text === null ? [] : [{ script, text }]
  })
  if (calls.size === 0 && lent === 'member') {
    for (const call of beside(waiters, texts, search.poolNames ?? [])) calls.set(keyOf(call), call)
  }
  if (calls.size === 0) return []
  const functions = functionsOf(example.function, scripts, search)
  const found = new Map<string, Taking>()
  for (const { method } of calls.values()) {
    for (const { script, text } of texts) {
      if (expired()) break
      const own = (functions.get(script.address) ?? []).filter(({ name }) => name === method)
      for (const within of own.flatMap(({ start, end }) => takingsWithin(text.slice(start, end))))
        if (lent === 'member') calls.set(keyOf(within), within)
    }
  }
  let sites = 0
  let asked = [...calls.values()]
  for (let round = 0; round < ROUNDS && asked.length > 0 && !expired(); round++) {
    const handing: TakingCall[] = []
    for (const call of asked) {
      for (const { script, text } of texts) {
        if (sites >= MAX_SITES || expired() || !text.includes(call.method)) continue
        for (const site of takingSites(text, call)) {
          if (sites++ >= MAX_SITES || expired()) break
          const fn = innermost(functions.get(script.address) ?? [], site.at)
          if (site.handsOn && fn?.name != null) handing.push({ method: fn.name, of: '' })
          else if (!site.handsOn) add(found, taking({ script, text }, fn, site.at, lent))
        }
      }
    }
    asked = handing.filter(({ method }) => !calls.has(`.${method}`))
    for (const call of asked) calls.set(`.${call.method}`, call)
  }
  return [...found.values()].toSorted((a, b) => rank(a) - rank(b)).slice(0, MAX_TAKINGS)
}

function keyOf({ of, method }: TakingCall): string {
  return `${of}.${method}`
}

/** Who waits borrows one for the length of a call alone (`pool.query()`): what takes one for longer is called on the same. */
function beside(
  waiters: readonly Suspended[],
  texts: readonly { readonly text: string }[],
  poolNames: readonly string[],
): TakingCall[] {
  const asked = waiters.flatMap((waiter) => {
    const own = ownTextOf(waiter)
    const owner = own === null ? '' : awaitedOn(own.text, own.at)
    return owner === '' ? [] : [owner]
  })
  const owners = new Set([...poolNames, ...asked])
  if (owners.size === 0) return []
  return texts.flatMap(({ text }) => takingsWithin(text)).filter(({ of }) => owners.has(of))
}

function add(found: Map<string, Taking>, one: Taking | null): void {
  if (one !== null) found.set(`${one.file}:${one.line}:${one.column}`, one)
}

/** Those first that are sure to be able to leave. */
function rank({ leaves }: Taking): number {
  if (leaves === undefined) return 2
  return leaves.word === 'error' ? 1 : 0
}

function taking(
  { script, text }: { readonly script: Script; readonly text: string },
  fn: FunctionInfo | null,
  at: number,
  lent: Lent,
): Taking | null {
  const [start, end] = fn === null ? [0, text.length] : [fn.start, fn.end]
  const way = wayOutOfTaking(text.slice(start, end), at - start, lent)
  const place = script.lineColumn(at)
  if (way === 'safe' || place === null) return null
  const left = way === null ? null : script.lineColumn(start + way.at)
  const file = scriptPath(script.name)
  return {
    function: fn?.name ?? null,
    file,
    line: place.line,
    column: place.column,
    ...(way === null || left === null
      ? {}
      : { leaves: { word: way.word, file, line: left.line, column: left.column } }),
  }
}

/** The application's functions, as far as they were ever met. @param example any function */
export function applicationFunctions(example: FunctionInfo, search: FunctionSearch): FunctionInfo[] {
  const { script } = example
  if (script === null) return []
  const known = [
    { object: script.address, limit: MAX_ADDRESSES },
    { object: example.address, limit: MAX_FUNCTIONS },
  ]
  const [scripts = [], functions = []] = alike(known, search)
  return [...functionsAmong(functions, scriptsAmong(scripts, search), search).values()].flat()
}

/** The application's scripts, by their address. */
function scriptsLike({ script }: FunctionInfo, search: FunctionSearch): Map<Tagged, Script> {
  if (script === null) return new Map()
  const [scripts = []] = alike([{ object: script.address, limit: MAX_ADDRESSES }], search)
  return scriptsAmong(scripts, search)
}

function scriptsAmong(addresses: readonly Tagged[], { objects }: FunctionSearch): Map<Tagged, Script> {
  const found = new Map<Tagged, Script>()
  for (const address of addresses) {
    const one = objects.functions.script(address)
    if (one === null || originOf(scriptPath(one.name)) !== 'user') continue
    found.set(address, one)
    if (found.size >= MAX_SCRIPTS) break
  }
  return found
}

/** The functions of those scripts, as far as they were ever met. */
function functionsOf(
  example: FunctionInfo,
  scripts: ReadonlyMap<Tagged, Script>,
  search: FunctionSearch,
): Map<Tagged, FunctionInfo[]> {
  const [functions = []] = alike([{ object: example.address, limit: MAX_FUNCTIONS }], search)
  return functionsAmong(functions, scripts, search)
}

function functionsAmong(
  addresses: readonly Tagged[],
  scripts: ReadonlyMap<Tagged, Script>,
  { objects }: FunctionSearch,
): Map<Tagged, FunctionInfo[]> {
  const { heap } = objects
  const found = new Map<Tagged, FunctionInfo[]>()
  for (const address of addresses) {
    if (!scripts.has(heap.field(address, heap.layout.shared.script))) continue
    const info = objects.functions.info(address)
    if (info?.script == null || info.start < 0) continue
    const list = found.get(info.script.address)
    if (list === undefined) found.set(info.script.address, [info])
    else list.push(info)
  }
  return found
}

interface Example {
  readonly object: Tagged
  /** Most that are wanted like it. */
  readonly limit: number
}

/** Objects of the same Map as each that is known, by one pass over the heap for all of them. */
function alike(known: readonly Example[], { objects, blocks, expired }: FunctionSearch): Tagged[][] {
  const { heap } = objects
  const all = known.map(({ object, limit }) => ({
    map: heap.field(object, 0),
    type: heap.typeOf(object),
    limit,
    found: [] as Tagged[],
  }))
  const note = (map: number, slot: number): void => {
    for (const each of all) {
      // Its first word is its Map.
      if (each.map === map && each.found.length < each.limit && heap.typeOf(slot + 1) === each.type)
        each.found.push(slot + 1)
    }
  }
  const maps = all.map(({ map }) => map)
  scanHolders(blocks, maps, note, { limit: maps.length, expired, enough: () => true })
  return all.map(({ found }) => found)
}

/** The smallest function around an offset, with the nearest name: what an anonymous one does, the one around it does. */
function innermost(functions: readonly FunctionInfo[], at: number): FunctionInfo | null {
  const around = functions.filter(({ start, end }) => start <= at && at < end).toSorted((a, b) => b.start - a.start)
  const [inner] = around
  if (inner === undefined) return null
  const named = around.find(({ name }) => name !== null)
  return named === undefined || inner.name !== null ? inner : { ...inner, name: named.name }
}
