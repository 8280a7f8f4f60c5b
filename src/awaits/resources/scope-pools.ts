/**
 * A pool that a package keeps in the variables of a function (slonik's `createConnectionPool`): an array of all members, one
 * of those who wait, and how many there may be. Which of them are idle is in closures of theirs; but while all that may be
 * are there and somebody waits, none is.
 */
import type { Tagged } from '../../v8/heap/heap.js'
import type { CodeScopes } from '../../v8/objects/code-scopes.js'
import type { Objects } from '../../v8/objects/objects.js'
import { countOf, entriesOf } from './collections.js'
import { grouped, type LentMember, type PoolReading } from './pools.js'

const POOL = /pool/i
const WAITING = /^\{\w*(?:wait|queue|pending|acquir)\w*\}$/i
const ALL = /^(?:all\w*|clients|connections|conns|members|resources)$/i
const LIMIT = /^(?:max|limit|poolSize$)\w*/i
const MAX_SLOTS = 100
const MAX_MEMBERS = 200

/** @param slot the variable by which the scope leads to the one who waits: `{waitingClients}` */
export function readScopePool(
  objects: Objects,
  scopes: CodeScopes,
  scope: Tagged,
  slot: string,
  queue: Tagged,
): PoolReading | null {
  if (!WAITING.test(slot)) return null
  // A function whose parameters are taken apart has them in a scope of their own, around that of its body.
  const outer = objects.heap.contextSlot(scope, objects.heap.layout.context.previousIndex)
  const around = objects.heap.isContext(outer) && !scopes.isLongLived(objects.heap.typeOf(outer)) ? outer : 0
  const name = scopes.scopeName(scope) || (around === 0 ? '' : scopes.scopeName(around))
  const queued = POOL.test(name) ? countOf(objects, queue) : null
  if (queued === null || queued === 0) return null
  const { members, limit: own } = variablesOf(objects, scopes, scope)
  const limit = own ?? (around === 0 ? null : variablesOf(objects, scopes, around).limit)
  const lent = members === 0 || members === queue ? [] : entriesOf(objects, members, MAX_MEMBERS)
  if (limit === null || limit <= 0 || lent.length < limit) return null
  const lentMembers = lent.map((object): LentMember => ({ object, facts: { doing: 'unknown', count: 1 } }))
  return {
    pool: scope,
    owner: `${name}.${slot.slice(1, -1)}`,
    position: null,
    queued,
    lent: lent.length,
    idle: 0,
    size: limit,
    members: grouped(lentMembers.map(({ facts }) => facts)),
    lentMembers,
    reread: () => readScopePool(objects, scopes, scope, slot, queue)?.lentMembers ?? [],
  }
}

function variablesOf(
  objects: Objects,
  scopes: CodeScopes,
  scope: Tagged,
): { readonly members: Tagged; readonly limit: number | null } {
  const { heap } = objects
  const { context } = heap.layout
  let members: Tagged = 0
  let limit: number | null = null
  const length = Math.min(heap.smi(scope, context.length) ?? 0, MAX_SLOTS)
  for (let i = 2; i < length; i++) {
    const variable = scopes.variableAt(scope, context.slots + 8 * i)
    const value = scopes.unwrapCell(heap.contextSlot(scope, i))
    if (ALL.test(variable) && objects.arrayLength(value) !== null) members ||= value
    else if (LIMIT.test(variable)) limit ??= objects.number(value)
  }
  return { members, limit }
}
