/**
 * What the evaluation of a module waits for. A module is evaluated once all that it imports is; so `await import()` of a
 * module that imports the importer waits for itself, for ever (the promise that V8 keeps for it is never settled, and no
 * warning is given). Fields of V8's SourceTextModule (src/objects/source-text-module.tq) are known by what they hold: its
 * code is a suspended function once it has begun, and the modules it requests are the first array of modules in it.
 */
import type { WaitHolder, WaitFacts } from '../../model/await.js'
import type { Tagged } from '../../v8/heap/heap.js'
import { scriptPath } from '../../v8/objects/scripts.js'
import { objectOf } from '../search/wait-search.js'
import type { JudgeContext } from './judge-context.js'

const MAX_MODULES = 5_000
const MODULE_WORDS = 24

interface ModuleFacts {
  /** Its own code, suspended at a top-level await; 0 when it has not begun, or has none. */
  readonly generator: Tagged
  readonly requested: readonly Tagged[]
  readonly file: string | null
}

export class ModuleWaits {
  readonly #context: JudgeContext

  constructor(context: JudgeContext) {
    this.#context = context
  }

  wait(promise: Tagged, module: Tagged): WaitFacts {
    const plain: WaitFacts = { kind: 'await', until: 'module' }
    const { locks, place } = this.#context
    const queue: { readonly module: Tagged; readonly by: readonly string[] }[] = [{ module, by: [] }]
    const seen = new Set<Tagged>([module])
    for (let head = 0; head < queue.length && head < MAX_MODULES; head++) {
      const at = queue[head]
      if (at === undefined) break
      const facts = this.#read(at.module)
      let imported: readonly Tagged[] | null = null
      const by = facts.file === null ? at.by : [...at.by, facts.file]
      if (facts.generator !== 0) {
        const bottom = locks.chains.bottomOf(facts.generator)
        if (bottom === promise) return cycle(place(facts.generator), by)
        // Its own top-level await may be the import of one more module.
        imported = (locks.findingOf(bottom)?.ends ?? []).flatMap((end) =>
          end.kind === 'module' ? objectOf(end.key) : [],
        )
      }
      for (const next of imported ?? facts.requested) {
        if (seen.has(next)) continue
        seen.add(next)
        queue.push({ module: next, by })
      }
    }
    return plain
  }

  #read(module: Tagged): ModuleFacts {
    const { objects, suspended } = this.#context
    const { heap } = objects
    let generator = 0
    let requested: Tagged[] = []
    let file: string | null = null
    for (let word = 1; word < MODULE_WORDS; word++) {
      const value = heap.field(module, 8 * word)
      if (!heap.isPointer(value)) continue
      const type = heap.typeOf(value)
      if (type === heap.types.MAP) break
      const index = suspended.byGenerator.get(value)
      if (index !== undefined && generator === 0) {
        const one = suspended.list[index]
        file ??= scriptPath(one?.function.script?.name ?? null)
        // One that has not begun awaits nothing: what it imports is not evaluated yet.
        if (one !== undefined && one.awaits !== 0) generator = value
      } else if (requested.length === 0 && objects.isFixedArrayType(type)) requested = this.#modulesIn(value)
    }
    return { generator, requested, file }
  }

  #modulesIn(array: Tagged): Tagged[] {
    const { heap } = this.#context.objects
    if (!heap.is(heap.element(array, 0), 'SOURCE_TEXT_MODULE')) return []
    const found: Tagged[] = []
    for (let i = 0; i < Math.min(heap.arrayLength(array), MAX_MODULES); i++) {
      const module = heap.element(array, i)
      if (heap.is(module, 'SOURCE_TEXT_MODULE')) found.push(module)
    }
    return found
  }
}

function cycle(importer: readonly WaitHolder[], by: readonly string[]): WaitFacts {
  const names = by.map((file) => file.slice(file.lastIndexOf('/') + 1))
  return {
    kind: 'module',
    modules: names,
    owner: names[0] ?? 'a module',
    holders: importer,
    links: importer,
  }
}
