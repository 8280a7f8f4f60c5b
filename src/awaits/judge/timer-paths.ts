/**
 * Whether a timer is what somebody waits for. It is when its own callback settles the promise: `setTimeout(resolve)`, or
 * a closure that names the resolver. That a callback can reach an object that also keeps a resolver proves nothing:
 * clients' idle, acquire and reconnect timers do, and so do deadlines that can only fail the wait.
 */
import type { Tagged } from '../../v8/heap/heap.js'
import { PROPERTIES_OFFSET, type Objects } from '../../v8/objects/objects.js'
import type { CodeScopes } from '../../v8/objects/code-scopes.js'
import { isGuardClass } from '../resources/resources.js'
import { objectOf, stepsDown, type Finding, type FoundEnd, type Step } from '../search/wait-search.js'

const REJECTS = ['reject', 'rej', 'fail', 'onError', 'cb', 'callback']

export class TimerPaths {
  readonly #objects: Objects
  readonly #scopes: CodeScopes

  constructor(objects: Objects, scopes: CodeScopes) {
    this.#objects = objects
    this.#scopes = scopes
  }

  /** Reached by nothing that could succeed: only reject functions, signals, and timers whose callbacks do not settle it. */
  isGuarded(finding: Finding): boolean {
    return finding.ends.length > 0 && finding.ends.every((end) => this.isGuard(finding, end))
  }

  isGuard(finding: Finding, end: FoundEnd): boolean {
    const name = this.#objects.className(objectOf(end.key))
    if (!isGuardClass(name)) return false
    return name === 'AbortSignal' || finding.rejectsOnly || !this.isDirect(finding, end)
  }

  /** Whether the callback itself settles it, through functions and variables alone or through a property that it names. */
  isDirect(finding: Finding, end: FoundEnd): boolean {
    const { heap } = this.#objects
    const { types } = heap
    const chain = stepsDown(finding, end.key)
    let closure: Tagged = 0
    for (let i = 0; i + 1 < chain.length; i++) {
      const key = chain[i] ?? 0
      const step = finding.steps.get(key)
      if (step === null || step === undefined) continue
      const object = objectOf(key)
      if (heap.isFunctionType(step.type)) {
        // The callback itself: later closures on the way may fail on other occasions.
        if (closure === 0 && this.#scopes.handsOnError(object)) return false
        closure = object
      }
      if (i === 0) {
        const slot = this.#slotName(object, step)
        if (slot !== '_onTimeout' && slot !== '_onImmediate') return false
        continue
      }
      if (heap.isContextType(step.type) && this.#handsOn(closure, object, step)) return false
      if (heap.isFunctionType(step.type) || heap.isContextType(step.type)) continue
      if (step.type === types.JS_PROMISE || step.type === types.JS_BOUND_FUNCTION) continue
      if (step.type === types.PROMISE_REACTION || step.type === types.PROMISE_CAPABILITY) continue
      if (step.type === types.PROPERTY_ARRAY || this.#objects.isFixedArrayType(step.type)) continue
      const slot = this.#slotName(object, step, finding.steps.get(chain[i + 1] ?? 0))
      if (slot === '' || closure === 0 || !this.#scopes.mentionsWord(closure, slot.replace(/^#/, ''))) return false
    }
    return true
  }

  /**
   * Whether the callback of a timer runs code that may settle it: of an object that leads to the resolver, as a producer does
   * (`() => mailbox.put(letter)`). Not one that only looks at the object, or makes an error of it.
   */
  mayCall(finding: Finding, end: FoundEnd): boolean {
    const { heap } = this.#objects
    if (finding.rejectsOnly || this.#objects.className(objectOf(end.key)) === 'AbortSignal') return false
    const chain = stepsDown(finding, end.key)
    const at = chain.findIndex((key) => heap.isFunctionType(finding.steps.get(key)?.type ?? -1))
    const closure = objectOf(chain[at] ?? 0)
    const scope = chain.slice(at + 1).find((key) => heap.isContextType(finding.steps.get(key)?.type ?? -1))
    // A bound function, or one that is handed what it works with.
    if (at < 0 || scope === undefined) return true
    if (this.#scopes.handsOnError(closure)) return false
    const step = finding.steps.get(scope)
    const variable = step?.variable ?? this.#scopes.variableAt(objectOf(scope), step?.offset ?? 0)
    return variable === '' || this.#scopes.worksWith(closure, variable) !== false
  }

  /**
   * A callback that hands the resolver on to something (`remove(resolve)`) and calls another function to fail the wait:
   * the deadline of a queue.
   */
  #handsOn(closure: Tagged, scope: Tagged, step: Step): boolean {
    const variable = closure === 0 ? '' : this.#scopes.variableAt(scope, step.offset)
    if (variable === '' || this.#scopes.calls(closure, variable) !== false) return false
    return REJECTS.some((name) => this.#scopes.calls(closure, name) === true)
  }

  /** Name of the property that a step goes through; '' for an element of a collection. */
  #slotName(object: Tagged, step: Step, below?: Step | null): string {
    const layout = this.#objects.layoutOf(this.#objects.heap.field(object, 0))
    const inStore = step.offset === PROPERTIES_OFFSET && below !== undefined && below !== null
    const index = inStore ? below.offset / 8 - 2 : -1
    const slot = layout.slots.find((known) => (inStore ? known.index === index : known.offset === step.offset))
    return slot === undefined ? '' : this.#objects.keyText(slot.key)
  }
}
