/**
 * Modules as they are required, whoever requires them: one hook for all libraries. An import of a CommonJS package goes
 * through here too. `_load` is what every require goes through, and what tools of this kind have patched for ten years.
 */
import Module from 'node:module'
import { safely } from '../guard/safely.js'
import { replaceMethod } from './replace-method.js'

interface ModuleInternals {
  readonly _load: (this: unknown, request: string, ...rest: unknown[]) => unknown
  readonly _cache: Readonly<Record<string, { readonly exports: unknown } | undefined>>
}

interface Wanted {
  /** A part of what was asked for: the package's name, or of its path. */
  readonly part: string
  readonly found: (exports: unknown) => void
}

const internals = Module as unknown as ModuleInternals
const wanted: Wanted[] = []

/** Calls back with the exports each time something is required whose request contains `part`. */
export function onRequire(part: string, found: (exports: unknown) => void): void {
  wanted.push({ part, found })
  if (wanted.length > 1) return
  const original = internals._load
  replaceMethod(internals, '_load', function load(this: unknown, request: string, ...rest: unknown[]): unknown {
    const exports = Reflect.apply(original, this, [request, ...rest])
    if (typeof request === 'string') safely(() => tell(request, exports))
    return exports
  })
}

/** Exports of every module that was required so far and whose file fits. */
export function loadedModules(file: RegExp): unknown[] {
  return Object.entries(internals._cache)
    .filter(([name]) => file.test(name))
    .map(([, module]) => module?.exports)
}

function tell(request: string, exports: unknown): void {
  for (const { part, found } of wanted) if (request.includes(part)) safely(() => found(exports))
}
