/**
 * Commands that wait at the server by themselves until something comes: an empty list is no silent server. Redis and
 * Valkey: redis.io/docs/latest/commands, group "blocking"; XREAD and XREADGROUP only with BLOCK. ioredis keeps name and
 * arguments in its Command, node-redis in `args`.
 */
import type { Tagged } from '../../v8/heap/heap.js'
import { ELEMENTS_OFFSET, type Objects } from '../../v8/objects/objects.js'
import { valuesOf } from './collections.js'

const BLOCKING = /^(?:b(?:l|r)pop|b(?:l|z)mpop|blmove|brpoplpush|bzpop(?:min|max)|wait|waitaof)$/i
const WITH_BLOCK = /^(?:xread|xreadgroup)$/i

/** Their time-out is the first argument; of the others it is the last. */
const FIRST = /^b[lz]mpop$/i
/** Theirs is in milliseconds; that of the others in seconds. */
const IN_MS = /^(?:wait|waitaof)$/i
const MAX_ARGUMENTS = 200
/** Of XREADGROUP: its name, GROUP with two words, COUNT with one, then BLOCK. */
const MAX_OPTIONS = 8

export interface BlockingCommand {
  readonly blocking: string
  /** After so long the server answers without anything having come; 0: never. Absent: not known. */
  readonly blockingMs?: number
}

/** Such a command among the objects of a path, nearest to the promise first; null without one. */
export function blockingCommand(objects: Objects, path: readonly Tagged[]): BlockingCommand | null {
  for (const object of path.toReversed()) {
    if (!objects.heap.is(object, 'JS_OBJECT')) continue
    const args = objects.getObject(object, ['args', '_args'])
    const name = nameOf(objects, object) ?? (args === 0 ? null : firstText(objects, args))
    if (name === null) continue
    if (BLOCKING.test(name)) return command(name, timeoutOf(objects, args, name))
    const block = WITH_BLOCK.test(name) && args !== 0 ? blockOf(objects, args) : null
    if (block !== null) return command(name, block.afterMs)
  }
  return null
}

/** ioredis calls it `name`, node-redis before 4 `command`. */
function nameOf(objects: Objects, object: Tagged): string | null {
  const name = objects.getText(object, ['name'], 20)
  return name === null && objects.className(object) === 'Command' ? objects.getText(object, ['command'], 20) : name
}

function firstText(objects: Objects, args: Tagged): string | null {
  const [first] = valuesOf(objects, args, 1)
  return first === undefined ? null : objects.heap.string(first, 20)
}

/** `BLOCK ms` among the arguments; null without it. */
function blockOf(objects: Objects, args: Tagged): { readonly afterMs: number | null } | null {
  const values = valuesOf(objects, args, MAX_OPTIONS)
  const at = values.findIndex((value) => /^block$/i.test(objects.heap.string(value, 6) ?? ''))
  return at < 0 ? null : { afterMs: numberOf(objects, values[at + 1] ?? 0) }
}

function command(name: string, blockingMs: number | null): BlockingCommand {
  return { blocking: name.toLowerCase(), ...(blockingMs === null ? {} : { blockingMs }) }
}

/** ioredis keeps the arguments alone, node-redis the name before them, all as text. */
function timeoutOf(objects: Objects, args: Tagged, name: string): number | null {
  const length = args === 0 ? null : objects.arrayLength(args)
  if (length === null || length < 2 || length > MAX_ARGUMENTS) return null
  const elements = objects.heap.field(args, ELEMENTS_OFFSET)
  const first = firstText(objects, args)?.toLowerCase() === name.toLowerCase() ? 1 : 0
  const number = numberOf(objects, objects.heap.element(elements, FIRST.test(name) ? first : length - 1))
  return number === null || number < 0 ? null : Math.round(IN_MS.test(name) ? number : number * 1000)
}

function numberOf(objects: Objects, value: Tagged): number | null {
  return objects.number(value) ?? numberIn(objects.heap.string(value, 20))
}

function numberIn(text: string | null): number | null {
  return text === null || !/^\d+(?:\.\d+)?$/.test(text) ? null : Number(text)
}
