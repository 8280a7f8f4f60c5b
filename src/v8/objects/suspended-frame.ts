/** What a suspended function goes on with, wherever that lies: in its generator, or around the function of all its steps. */
import type { Tagged, V8Heap } from '../heap/heap.js'
import type { StateMachine } from './state-machines.js'

interface Standing {
  readonly generator: Tagged
  readonly machine?: StateMachine
}

/** The function itself. */
export function closureOf(heap: V8Heap, { generator, machine }: Standing): Tagged {
  return machine?.body ?? heap.field(generator, heap.layout.generator.function)
}

/** Its variables that closures use; 0 without any. */
export function scopeOf(heap: V8Heap, { generator, machine }: Standing): Tagged {
  return machine === undefined
    ? heap.field(generator, heap.layout.generator.context)
    : heap.functionContext(machine.body)
}

/** Its `this`; 0 when that can't be told. */
export function receiverOf(heap: V8Heap, { generator, machine }: Standing): Tagged {
  return machine?.receiver ?? heap.field(generator, heap.layout.generator.receiver)
}

/** The array of its arguments and other variables; 0 where they have no names in memory and lie in scopes. */
export function registersOf(heap: V8Heap, { generator, machine }: Standing): Tagged {
  return machine === undefined ? heap.field(generator, heap.layout.generator.registers) : 0
}
