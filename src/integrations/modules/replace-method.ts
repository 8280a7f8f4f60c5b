/** Patching what a library has, so that nobody can see it but us. */

type Method = (this: never, ...args: never[]) => unknown

export function isPatchable(prototype: object, name: string): boolean {
  const property = Object.getOwnPropertyDescriptor(prototype, name)
  return property?.configurable === true && property.writable === true && typeof property.value === 'function'
}

/** Replaces a method, keeping what can be seen of it: enumerability, name, length. */
export function replaceMethod<T extends object>(owner: T, name: keyof T & string, replacement: Method): void {
  const property = Object.getOwnPropertyDescriptor(owner, name)
  const original: unknown = property?.value
  if (!property || typeof original !== 'function') return
  for (const key of ['name', 'length'] as const) {
    const visible = Object.getOwnPropertyDescriptor(original, key)
    if (visible) Object.defineProperty(replacement, key, visible)
  }
  Object.defineProperty(owner, name, { ...property, value: replacement })
}

/** The prototype of a class among a module's exports; null when there is none of that name. */
export function prototypeOf(exports: unknown, name: string): object | null {
  if ((typeof exports !== 'object' && typeof exports !== 'function') || exports === null) return null
  const constructor: unknown = Reflect.get(exports, name)
  if (typeof constructor !== 'function') return null
  const prototype: unknown = constructor.prototype
  return typeof prototype === 'object' ? prototype : null
}
