/** The native context of an isolate: where the scopes of any function end. Found by the first functions that its pages hold. */
import { toAddress } from '../model/address.js'
import type { Tagged, V8Heap } from '../v8/heap/heap.js'
import type { HeapPage } from '../v8/heap/isolates.js'
import type { CodeScopes } from '../v8/objects/code-scopes.js'

const MAX_PAGES = 40
const MAX_SCOPES = 40
const MAX_FOUND = 3

export function nativeContexts(heap: V8Heap, scopes: CodeScopes, pages: readonly HeapPage[]): Tagged[] {
  const found = new Set<Tagged>()
  for (const page of pages.slice(0, MAX_PAGES)) {
    for (let at: number = page.start; at < page.end && found.size < MAX_FOUND; at += 8) {
      if (!heap.isFunctionType(heap.typeOfMap(heap.memory.word(toAddress(at))))) continue
      const context = outermostOf(heap, scopes, heap.functionContext(at + 1))
      if (context !== 0) found.add(context)
    }
    if (found.size > 0) break
  }
  return [...found]
}

function outermostOf(heap: V8Heap, scopes: CodeScopes, scope: Tagged): Tagged {
  let at = scope
  for (let depth = 0; depth < MAX_SCOPES && heap.isContext(at); depth++) {
    if (scopes.isNativeContextType(heap.typeOf(at))) return at
    at = heap.contextSlot(at, heap.layout.context.previousIndex)
  }
  return 0
}
