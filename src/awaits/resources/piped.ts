/**
 * What is piped into a stream. `pipe` leaves a listener for `unpipe` on its destination, a closure over `src`, and
 * takes it away again when the source ends, but not when it fails (lib/internal/streams/readable.js; readable-stream has
 * the same names).
 */
import type { Tagged } from '../../v8/heap/heap.js'
import type { CodeScopes } from '../../v8/objects/code-scopes.js'
import type { Objects } from '../../v8/objects/objects.js'
import { listenersOf } from './listeners.js'
import { isOver } from './stream-states.js'

const MAX_LINKS = 12

interface Reading {
  readonly objects: Objects
  readonly scopes: CodeScopes
}

export interface Piped {
  readonly source: Tagged
  /** Piped with `{end: false}` (pipeline does so too, and adds `endFn` where it ends the destination itself): what it brings is a part of what is written, and the stream goes on after it. */
  readonly isPart: boolean
}

/** The sources of a stream that were piped into it and not taken off it, those that failed among them. */
export function pipedInto(reading: Reading, stream: Tagged): readonly Piped[] {
  const { objects } = reading
  const { heap } = objects
  return listenersOf(objects, stream, 'unpipe').flatMap((listener) => {
    const source = variableOf(reading, listener, 'src')
    if (source === 0 || source === stream) return []
    const ends = listenersOf(objects, source, 'end')
    // end-of-stream.js has an `onend` too: only that of this very pipe() counts.
    const own = ends.filter((each) => heap.functionContext(each) === heap.functionContext(listener))
    const goesOn = own.some((each) => nameOf(objects, each) === 'unpipe')
    return [{ source, isPart: goesOn && !ends.some((each) => nameOf(objects, each) === 'endFn') }]
  })
}

/** A stream, and back along what is piped into it those that are not over, to the first that nothing is piped into. */
export function sourcesOf(reading: Reading, stream: Tagged): readonly Tagged[] {
  const chain = [stream]
  for (let at = stream; chain.length < MAX_LINKS;) {
    const next = pipedInto(reading, at).find(
      ({ source }) => !isOver(reading.objects, source) && !chain.includes(source),
    )
    if (next === undefined) break
    at = next.source
    chain.push(at)
  }
  return chain
}

/** A source that was destroyed before its end and is still piped into the stream: it will never end it; 0 without one. */
export function failedSource(reading: Reading, stream: Tagged): Tagged {
  return pipedInto(reading, stream).find(({ source }) => isOver(reading.objects, source))?.source ?? 0
}

function nameOf(objects: Objects, fn: Tagged): string {
  return objects.functions.ofFunction(fn)?.name ?? ''
}

function variableOf({ objects, scopes }: Reading, closure: Tagged, variable: string): Tagged {
  const context = objects.heap.functionContext(closure)
  if (!objects.heap.isContext(context)) return 0
  for (const [slot, name] of scopes.variables(context))
    if (name === variable) {
      const value = scopes.unwrapCell(objects.heap.contextSlot(context, slot))
      return objects.isObject(value) ? value : 0
    }
  return 0
}
