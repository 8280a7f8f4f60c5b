/**
 * A timer that is waited for because something failed: a function in whose chain one stands in a `catch` and goes on with what
 * failed (`source/after-error.ts`), or a retry package's own count. Of the error only what names no value of the
 * application's is read: Node's code with address and port, else its class.
 */
import type { TryAgain, WaitFacts } from '../../model/wait.js'
import { afterError, type AfterError } from '../../source/after-error.js'
import type { Tagged } from '../../v8/heap/heap.js'
import { ELEMENTS_OFFSET, type Objects } from '../../v8/objects/objects.js'
import { scriptPath } from '../../v8/objects/scripts.js'
import { registersOf, scopeOf } from '../../v8/objects/suspended-frame.js'
import type { CodeScopes } from '../../v8/objects/code-scopes.js'
import { CallScope } from '../resources/call-scope.js'
import type { DescribeContext } from '../resources/describe-resource.js'
import type { Suspended } from '../scan/suspended.js'
import { ownTextOf } from './own-text.js'

/** A callback of a timer is short. */
const MAX_TEXT = 2_000
const COUNTS_ON = /\b(\w*(?:retr(?:y|ies)|attempt|tries)(?:s|count|no|number)?)\s*\+\s*1\b/i
const MAX_CLIMB = 6
const MAX_VALUES = 200
const MAX_CAUSES = 4
/** `ECONNREFUSED`, `UND_ERR_SOCKET`, `ERR_HTTP2_STREAM_ERROR`. */
const CODE = /^[A-Z][A-Z0-9_]{2,40}$/
const ADDRESS = /^[\w.:%-]{1,60}$/

export class TriesAgain {
  readonly #objects: Objects
  readonly #list: readonly Suspended[]
  readonly #awaiters: readonly (readonly number[])[]
  readonly #known = new Map<Tagged, Map<number, AfterError>>()

  constructor(objects: Objects, list: readonly Suspended[], awaiters: readonly (readonly number[])[]) {
    this.#objects = objects
    this.#list = list
    this.#awaiters = awaiters
  }

  /** Null where the function at `index` of the list, and who awaits it, are on their usual way. */
  of(index: number): TryAgain | null {
    for (let at: number | undefined = index, climbed = 0; at !== undefined && climbed < MAX_CLIMB; climbed++) {
      const one: Suspended | undefined = this.#list[at]
      const answer = one === undefined ? 'once' : this.#answerOf(one)
      if (answer === 'again' && one !== undefined) return this.#facts(one)
      if (answer !== null) return null
      at = this.#awaiters[at]?.[0]
    }
    return null
  }

  #answerOf(one: Suspended): AfterError {
    let places = this.#known.get(one.function.address)
    if (places === undefined) this.#known.set(one.function.address, (places = new Map<number, AfterError>()))
    let answer = places.get(one.continuation)
    if (answer === undefined) {
      const own = ownTextOf(one)
      answer = own === null ? null : afterError(own.text, own.at, one.function.name)
      places.set(one.continuation, answer)
    }
    return answer
  }

  #facts(one: Suspended): TryAgain {
    const error = errorAmong(this.#objects, one)
    return {
      at: {
        function: one.function.name,
        file: scriptPath(one.function.script?.name ?? null),
        line: one.place?.line ?? null,
        column: one.place?.column ?? null,
      },
      ...(error === null ? {} : { error }),
    }
  }
}

/** With what is known of attempts that fail, where a timer is waited for and its own operation does not say it. */
export function withTries(wait: WaitFacts | null, tries: () => TryAgain | null): WaitFacts | null {
  if (wait?.kind !== 'timer' || wait.again !== undefined) return wait
  const again = tries()
  return again === null ? wait : { ...wait, again }
}

/** Of an async function that is being resumed, its timer has fired: where that was to try again, this is still what it does. */
export function resumedToTry({ kind }: Suspended, tries: () => TryAgain | null): WaitFacts | null {
  const again = kind === 'async function' ? tries() : null
  return again === null ? null : { kind: 'timer', again }
}

/** What a retry package's operation on the way says of itself: npm's `retry`, and so async-retry and p-retry up to 6. */
export function operationOf(objects: Objects, way: readonly Tagged[]): TryAgain | null {
  for (const object of way) {
    const errors = objects.get(object, '_errors')
    const attempts = objects.getNumber(object, ['_attempts'])
    if (errors === undefined || attempts === null) continue
    const length = objects.arrayLength(errors) ?? 0
    if (length === 0) continue
    const last = objects.heap.element(objects.heap.field(errors, ELEMENTS_OFFSET), length - 1)
    const error = errorText(objects, last)
    return { attempts, ...(error === null ? {} : { error }) }
  }
  return null
}

/**
 * A timer whose own callback calls with a count of tries that is one higher than the last (kafkajs: `retry(nextRetryTime,
 * retryCount + 1)`): so many have failed.
 */
export function countedOf({ objects, natives }: DescribeContext, scopes: CodeScopes, timer: Tagged): TryAgain | null {
  const callback = objects.get(timer, '_onTimeout') ?? 0
  const info = objects.functions.ofFunction(callback)
  if (info === null || info.script === null || info.start < 0 || info.end - info.start > MAX_TEXT) return null
  const name = COUNTS_ON.exec(info.script.source(info.start, info.end - info.start) ?? '')?.[1]
  if (name === undefined) return null
  const scope = new CallScope({ objects, natives, scopes }, { className: 'Timeout', closure: callback, held: false })
  const count = objects.number(scope.value([name]))
  return count === null || !Number.isInteger(count) || count < 0 ? null : { attempts: count + 1 }
}

/** The error that a function has among its variables: one that says its code before any other. */
function errorAmong(objects: Objects, one: Suspended): string | null {
  const { heap } = objects
  const values: Tagged[] = []
  const saved = registersOf(heap, one)
  const length = Math.min(heap.arrayLength(saved), MAX_VALUES)
  for (let i = 0; i < length; i++) values.push(heap.element(saved, i))
  const scope = scopeOf(heap, one)
  const slots = Math.min(heap.smi(scope, heap.layout.context.length) ?? 0, MAX_VALUES)
  for (let i = heap.layout.context.extensionIndex; i < slots; i++) values.push(heap.contextSlot(scope, i))
  const texts = values.flatMap((value) => errorText(objects, value) ?? [])
  return texts.find((text) => CODE.test(text.split(' ')[0] ?? '')) ?? texts.at(-1) ?? null
}

/** `ECONNREFUSED 127.0.0.1:1`, of the error or of what caused it; else the error's class. Null for what is no error. */
function errorText(objects: Objects, value: Tagged): string | null {
  if (!objects.heap.is(value, 'JS_ERROR')) return null
  let at = value
  for (let depth = 0; depth < MAX_CAUSES && objects.heap.is(at, 'JS_ERROR'); depth++) {
    const code = objects.getText(at, ['code'], 50)
    if (code !== null && CODE.test(code)) {
      const address = objects.getText(at, ['address'], 60)
      const port = objects.getNumber(at, ['port'])
      return address === null || !ADDRESS.test(address) ? code : `${code} ${address}${port === null ? '' : `:${port}`}`
    }
    at = objects.getObject(at, ['cause'])
  }
  const name = objects.className(value)
  return name === '' ? 'Error' : name
}
