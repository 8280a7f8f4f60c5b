/**
 * Commands that wait at the server by themselves until something comes: an empty list is no silent server. Redis and
 * Valkey: redis.io/docs/latest/commands, group "blocking"; XREAD and XREADGROUP only with BLOCK. ioredis keeps name and
 * arguments in its Command, node-redis in `args`.
 */
import type { Tagged } from '../../v8/heap/heap.js'
import type { Objects } from '../../v8/objects/objects.js'
import { entriesOf } from './collections.js'

const BLOCKING = /^(?:b(?:l|r)pop|b(?:l|z)mpop|blmove|brpoplpush|bzpop(?:min|max)|wait|waitaof)$/i
const WITH_BLOCK = /^(?:xread|xreadgroup)$/i

/** Name of such a command among the objects of a path, nearest to the promise first; null without one. */
export function blockingCommand(objects: Objects, path: readonly Tagged[]): string | null {
  for (const object of path.toReversed()) {
    if (!objects.heap.is(object, 'JS_OBJECT')) continue
    const args = objects.getObject(object, ['args', '_args'])
    const name = objects.getText(object, ['name'], 20) ?? (args === 0 ? null : firstText(objects, args))
    if (name === null) continue
    if (BLOCKING.test(name)) return name.toLowerCase()
    if (WITH_BLOCK.test(name) && args !== 0 && asksToBlock(objects, args)) return name.toLowerCase()
  }
  return null
}

function firstText(objects: Objects, args: Tagged): string | null {
  const [first] = entriesOf(objects, args, 1)
  return first === undefined ? null : objects.heap.string(first, 20)
}

function asksToBlock(objects: Objects, args: Tagged): boolean {
  return entriesOf(objects, args, 6).some((entry) => /^block$/i.test(objects.heap.string(entry, 6) ?? ''))
}
