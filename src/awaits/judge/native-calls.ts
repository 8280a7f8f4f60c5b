/**
 * Waits of Node's own async functions for a promise that C++ alone settles (`navigator.locks.request`): told by the scope
 * of the function that C++ was given, which the suspended call keeps in its registers.
 */
import type { WaitFacts, WaitHolder } from '../../model/wait.js'
import { CALL_FAMILIES } from '../../resources/families.js'
import type { Family, NativeCall } from '../../resources/family.js'
import type { Tagged } from '../../v8/heap/heap.js'
import type { CodeScopes } from '../../v8/objects/code-scopes.js'
import type { Objects } from '../../v8/objects/objects.js'
import { CallScope } from '../resources/call-scope.js'
import type { NativeObjects } from '../resources/native-objects.js'
import type { Suspended, SuspendedFunctions } from '../scan/suspended.js'
import { closureOf, registersOf } from '../../v8/objects/suspended-frame.js'
import { AwaitChains } from './await-chains.js'

/** A `request` has about 20 registers. */
const MAX_REGISTERS = 100
const MAX_CALLS = 1_000

export interface CallUnderWay {
  readonly family: Family
  readonly call: NativeCall
  readonly one: Suspended
  readonly closure: Tagged
}

/** By the promise that each awaits. */
export function findCalls(objects: Objects, suspended: SuspendedFunctions): ReadonlyMap<Tagged, CallUnderWay> {
  const calls = new Map<Tagged, CallUnderWay>()
  for (const one of suspended.list) {
    if (calls.size >= MAX_CALLS) break
    if (one.awaits === 0 || one.function.script?.name?.startsWith('node:') !== true) continue
    const family = CALL_FAMILIES.find(
      ({ call }) => call?.function === one.function.name && call.script === one.function.script?.name,
    )
    const closure = family?.call === undefined ? 0 : callbackOf(objects, one, family.call)
    if (family?.call !== undefined && closure !== 0) calls.set(one.awaits, { family, call: family.call, one, closure })
  }
  return calls
}

function callbackOf(objects: Objects, one: Suspended, call: NativeCall): Tagged {
  const { heap } = objects
  const saved = registersOf(heap, one)
  const length = Math.min(heap.arrayLength(saved), MAX_REGISTERS)
  for (let i = 0; i < length; i++) {
    const value = heap.element(saved, i)
    if (heap.isFunction(value) && objects.functions.ofFunction(value)?.name === call.callback) return value
  }
  return 0
}

export interface NativeCallsInput {
  readonly objects: Objects
  readonly natives: NativeObjects
  readonly scopes: CodeScopes
  readonly suspended: SuspendedFunctions
  readonly calls: ReadonlyMap<Tagged, CallUnderWay>
  /** Null where the search for handles did not come to its end. */
  readonly strong: ReadonlySet<Tagged> | null
  readonly place: (generator: Tagged) => WaitHolder[]
}

/** Null when the promise is none of such a call. */
export function waitOfCall(input: NativeCallsInput, promise: Tagged): WaitFacts | null {
  const under = input.calls.get(promise)
  // What C++ holds is what tells a call that waits from one that was answered.
  if (under === undefined || input.strong === null) return null
  const wait = under.family.describeCall?.(scopeOf(input, under, input.strong)) ?? null
  if (wait === null || wait.kind !== 'lock') return wait
  const running = [...input.calls.values()].flatMap((other) => holderOf(input, under, other, wait.name))
  if (running.length === 0) return wait
  const placesOf = (all: readonly Suspended[]): WaitHolder[] => all.flatMap(({ generator }) => input.place(generator))
  const chains = AwaitChains.of(input.suspended)
  // It is asked for under itself: what runs there ends only when it was given once more.
  const inside = running.filter(({ generator }) => chains.bottomOf(generator) === promise)
  if (inside.length === 0) return { ...wait, holders: placesOf(running) }
  return { ...wait, holders: placesOf(inside), links: placesOf(inside), reentrant: true }
}

function scopeOf(input: NativeCallsInput, { one, closure }: CallUnderWay, strong: ReadonlySet<Tagged>): CallScope {
  return new CallScope(input, { className: one.function.name ?? '', closure, held: strong.has(closure) })
}

/** The suspended function that runs under the lock of another call. */
function holderOf(
  input: NativeCallsInput,
  waiting: CallUnderWay,
  other: CallUnderWay,
  name: string | undefined,
): Suspended[] {
  if (other === waiting || other.family !== waiting.family || input.strong === null) return []
  const scope = scopeOf(input, other, input.strong)
  const described = other.family.describeCall?.(scope) ?? null
  if (described?.kind !== 'await' || described.name !== name) return []
  const callback = scope.value(['callback'])
  const { heap } = input.objects
  const running = input.suspended.list.find((one) => callback !== 0 && closureOf(heap, one) === callback)
  return running === undefined ? [] : [running]
}
