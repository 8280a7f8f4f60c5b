/** Small facts out of node's own objects, for the sentences that name a resource. URLs lose their query and credentials. */
import type { Tagged } from '../../v8/heap/heap.js'
import type { Objects } from '../../v8/objects/objects.js'

/** `http://host/path` without query, fragment and credentials. */
export function plainUrl(protocol: string, host: string, path: string): string {
  const clean = path.replace(/[?#].*$/s, '')
  return `${protocol}//${host.replace(/^.*@/, '')}${clean.startsWith('/') ? clean : `/${clean}`}`
}

export function textOf(objects: Objects, object: Tagged, names: readonly string[]): string | null {
  return objects.getText(object, names, 2_000)
}

/** Due time of a Timeout in ms after the isolate's own start; null for one that is not running. */
export function timerDue(
  objects: Objects,
  timer: Tagged,
): { readonly afterMs: number; readonly dueAtMs: number; readonly repeats: boolean } | null {
  const afterMs = objects.getNumber(timer, ['_idleTimeout'])
  const started = objects.getNumber(timer, ['_idleStart'])
  if (afterMs === null || started === null || afterMs < 0) return null
  const repeat = objects.getNumber(timer, ['_repeat'])
  return { afterMs, dueAtMs: started + afterMs, repeats: repeat !== null && repeat > 0 }
}
