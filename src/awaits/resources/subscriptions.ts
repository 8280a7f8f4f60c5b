/**
 * Channels that a client of Redis is subscribed to: ioredis keeps them with its connection's `condition`, in a set of
 * names for each kind of subscription (lib/SubscriptionSet). A name may carry a value of the application's, so only plain
 * ones are told.
 */
import type { Tagged } from '../../v8/heap/heap.js'
import type { Objects } from '../../v8/objects/objects.js'

const KINDS: Readonly<Record<string, readonly string[]>> = {
  message: ['subscribe', 'ssubscribe'],
  messageBuffer: ['subscribe', 'ssubscribe'],
  smessage: ['ssubscribe'],
  pmessage: ['psubscribe'],
  pmessageBuffer: ['psubscribe'],
}
const PLAIN = /^[\w.:*?/-]{1,60}$/
const MOST = 3

/** Of the event's kind; empty where there are none, or they can't be told. */
export function subscriptionsOf(objects: Objects, client: Tagged, event: string): string[] {
  const condition = objects.getObject(client, ['condition'])
  const subscriber = condition === 0 ? 0 : objects.getObject(condition, ['subscriber'])
  const sets = subscriber === 0 ? 0 : objects.getObject(subscriber, ['set'])
  if (sets === 0) return []
  const names = (KINDS[event] ?? []).flatMap((kind) => {
    const set = objects.getObject(sets, [kind])
    return set === 0 ? [] : [...objects.properties(set)].map(({ name }) => name)
  })
  return names.filter((name) => PLAIN.test(name)).slice(0, MOST)
}
