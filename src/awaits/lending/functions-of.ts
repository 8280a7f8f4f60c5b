/**
 * Suspended functions that have a pool's lent members among their variables, and those that wait for what a member is busy
 * with. Of those in one chain the outermost is named: it is the one that took the member, and is to give it back.
 */
import type { Tagged } from '../../v8/heap/heap.js'
import type { Objects } from '../../v8/objects/objects.js'
import { scriptPath } from '../../v8/objects/scripts.js'
import { useOfTaken } from '../../source/given-back.js'
import { originOf } from '../../source/origin.js'
import { ownTextOf } from '../judge/own-text.js'
import { insideOf } from '../resources/pools.js'
import type { AwaitScan } from '../scan/await-scan.js'
import { awaitersOf, type Suspended } from '../scan/suspended.js'
import { objectOf, type Finding } from '../search/wait-search.js'
import { registersOf, scopeOf } from '../../v8/objects/suspended-frame.js'

const MAX_FUNCTIONS = 2_000
const MAX_REGISTERS = 200
const MAX_SLOTS = 100
const MAX_CLIMB = 30

export class HoldingFunctions {
  readonly #objects: Objects
  readonly #scan: AwaitScan
  readonly #uses = new Map<Suspended, boolean>()

  constructor(objects: Objects, scan: AwaitScan) {
    this.#objects = objects
    this.#scan = scan
  }

  /** By member the function that is to give it back; those that nobody was found for are missing. */
  ofMembers(members: readonly Tagged[]): Map<Tagged, Suspended> {
    const aliases = this.#aliasesOf(members)
    const found = new Map<Tagged, Suspended[]>()
    for (const one of this.#scan.suspended.list.slice(0, MAX_FUNCTIONS)) {
      for (const member of this.#heldBy(one, aliases)) {
        if (this.canUse(one)) found.set(member, [...(found.get(member) ?? []), one])
      }
    }
    return new Map(
      [...found].flatMap(([member, list]) => {
        const outermost = this.outermost(list)
        return outermost === null ? [] : [[member, outermost] as const]
      }),
    )
  }

  /** By member the function that awaits what the member is busy with, as the search from the resources found it. */
  ofReplies(
    members: readonly Tagged[],
    findings: ReadonlyMap<Tagged, Finding>,
    queued: ReadonlySet<Tagged>,
  ): Map<Tagged, Suspended> {
    const aliases = this.#aliasesOf(members)
    const found = new Map<Tagged, Suspended>()
    for (const finding of findings.values()) {
      if (queued.has(finding.promise)) continue
      if (!finding.ends.some(({ kind }) => kind === 'resource' || kind === 'native')) continue
      for (const key of finding.steps.keys()) {
        const member = aliases.get(objectOf(key))
        if (member === undefined || found.has(member)) continue
        const waiter = this.#waiterOf(finding.promise)
        if (waiter !== null) found.set(member, this.#application(waiter))
      }
    }
    return found
  }

  /** The function of the application that has it, or waits for the package's function that has it. */
  outermost(list: readonly Suspended[]): Suspended | null {
    const set = new Set(list)
    const outer = list.filter((one) => !this.#awaiters(one).some((awaiter) => set.has(awaiter)))
    const [best] = (outer.length > 0 ? outer : list).map((one) => this.#application(one)).toSorted(byOrigin)
    return best ?? null
  }

  /** The functions that wait for a promise, directly or through others, those nearest to it first. */
  waitersOf(promise: Tagged): Suspended[] {
    const first = this.#waiterOf(promise)
    const found = new Set(first === null ? [] : [first])
    for (const one of found) if (found.size < MAX_CLIMB) for (const awaiter of this.#awaiters(one)) found.add(awaiter)
    return [...found]
  }

  at(generator: Tagged): Suspended | null {
    const index = this.#scan.suspended.byGenerator.get(generator)
    return index === undefined ? null : (this.#scan.suspended.list[index] ?? null)
  }

  /** Of the application, or awaited by it in turn. */
  isForApplication(generator: Tagged): boolean {
    const one = this.at(generator)
    return one !== null && isApplications(this.#application(one))
  }

  /** False when its text shows that it is done with what it took: registers keep their values. */
  canUse(one: Suspended): boolean {
    const known = this.#uses.get(one)
    if (known !== undefined) return known
    const own = ownTextOf(one)
    const answer = own === null || useOfTaken(own.text, own.at) !== 'over'
    this.#uses.set(one, answer)
    return answer
  }

  #aliasesOf(members: readonly Tagged[]): Map<Tagged, Tagged> {
    const aliases = new Map<Tagged, Tagged>()
    for (const member of members) for (const alias of insideOf(this.#objects, member)) aliases.set(alias, member)
    return aliases
  }

  #heldBy(one: Suspended, aliases: ReadonlyMap<Tagged, Tagged>): Set<Tagged> {
    const { heap } = this.#objects
    const { context } = heap.layout
    const members = new Set<Tagged>()
    const add = (value: Tagged): void => {
      if (!this.#objects.isObject(value)) return
      for (const inner of [value, ...insideOf(this.#objects, value)]) {
        const member = aliases.get(inner)
        if (member !== undefined) members.add(member)
      }
    }
    const saved = registersOf(heap, one)
    const length = Math.min(heap.arrayLength(saved), MAX_REGISTERS)
    for (let i = 0; i < length; i++) add(heap.element(saved, i))
    const scope = scopeOf(heap, one)
    const slots = Math.min(heap.smi(scope, context.length) ?? 0, MAX_SLOTS)
    for (let i = 2; i < slots; i++) add(heap.contextSlot(scope, i))
    return members
  }

  #waiterOf(promise: Tagged): Suspended | null {
    const { list } = this.#scan.suspended
    const direct = list.find((one) => one.awaits === promise)
    if (direct !== undefined) return direct
    const [index] = awaitersOf(this.#scan.links, this.#scan.suspended, [promise])
    return index === undefined ? null : (list[index] ?? null)
  }

  /** The next function further out that is no package's; itself without one. */
  #application(one: Suspended): Suspended {
    const seen = new Set([one])
    let front = [one]
    for (let climbed = 0; climbed < MAX_CLIMB && front.length > 0; climbed++) {
      const own = front.find(isApplications)
      if (own !== undefined) return own
      front = front.flatMap((each) => this.#awaiters(each)).filter((each) => !seen.has(each))
      for (const each of front) seen.add(each)
    }
    return one
  }

  #awaiters(one: Suspended): Suspended[] {
    const { links, suspended } = this.#scan
    return awaitersOf(links, suspended, one.results).flatMap((index) => suspended.list[index] ?? [])
  }
}

export function isApplications({ function: fn }: Suspended): boolean {
  return originOf(scriptPath(fn.script?.name ?? null)) === 'user'
}

function byOrigin(a: Suspended, b: Suspended): number {
  return Number(isApplications(b)) - Number(isApplications(a))
}
