/**
 * Replies that are kept by a key (a Map or an object of resolvers, by number of the request), beside a connection or child
 * process that is over: whoever made them settles an entry when its reply comes, and no reply can come there any more.
 */
import type { WaitFacts } from '../../model/wait.js'
import type { Tagged } from '../../v8/heap/heap.js'
import { contextVariables } from '../../v8/objects/scopes.js'
import { countOf } from '../resources/collections.js'
import { describeResource } from '../resources/describe-resource.js'
import { portOver } from '../resources/closed-ports.js'
import { connectionOver } from '../resources/emitter-state.js'
import type { JudgeContext } from './judge-context.js'
import type { HeapPathPart } from './heap-path-part.js'
import { plainParts } from './paths.js'

const LINK = /^(?:TLS)?Socket$|WebSocket/
const MAX_VARIABLES = 100

/**
 * What stands beside the table: properties of its owner, or variables of the scope that it is a variable of. Null while one
 * of the connections there is open, for the replies may come on that.
 */
export function lostReply(context: JudgeContext, parts: readonly HeapPathPart[]): WaitFacts | null {
  for (const [i, part] of parts.entries()) {
    if (part.slot === '' || part.slot === '._events' || !isTable(context, parts[i + 1])) continue
    const link = linkAmong(context, besides(context, part))
    if (link === null) continue
    const owner = part.role === 'object' ? `${part.name}${part.slot}` : part.slot.slice(1, -1)
    const way = { owner, parts: plainParts(parts) }
    if (link.child !== null) return { ...link.child, ...way }
    if (link.worker)
      return { ...way, kind: 'emitter', hopeless: true, owner: 'Worker', event: 'message', over: link.state }
    const queued = countOf(context.objects, parts[i + 1]?.object ?? 0)
    return {
      kind: 'buffer',
      until: 'sent',
      connection: link.state,
      mayBeSent: true,
      queuedIn: { owner, position: null, queued },
      ...way,
    }
  }
  return null
}

/** By key: in an array or a list a reply's place is its turn. */
function isTable({ objects }: JudgeContext, table: HeapPathPart | undefined): boolean {
  if (table === undefined) return false
  return table.role === 'collection' ? objects.heap.is(table.object, 'JS_MAP') : table.name === 'Object'
}

function besides({ objects }: JudgeContext, { object, role }: HeapPathPart): readonly Tagged[] {
  if (role === 'module' || role === 'scope')
    return contextVariables(objects.heap, object, MAX_VARIABLES).map(({ value }) => value)
  const script = role === 'object' ? objects.classScript(object) : null
  return script === null || script.startsWith('node:') ? [] : [...objects.properties(object)].map(({ value }) => value)
}

/**
 * The same of a client that hands on by events what comes on a connection of its own. Null for one that has none, or an
 * open one.
 */
export function lostEvent(
  context: JudgeContext,
  emitter: HeapPathPart & { readonly event: string | null },
): WaitFacts | null {
  const { event, name } = emitter
  if (event === null || !OF_REPLIES.test(event)) return null
  const link = linkAmong(context, besides(context, { ...emitter, role: 'object' }))
  if (link === null || link.child !== null || link.worker) return null
  const owner = `the listeners for ${event} of ${name}`
  return {
    kind: 'buffer',
    until: 'sent',
    connection: link.state,
    mayBeSent: true,
    owner,
    queuedIn: { owner, position: null, queued: null },
  }
}

/** Of what a client tells when it loses its connection one may wait for the next. */
const OF_REPLIES = /^(?:data|line|repl(?:y|ies)|response|answer|result|packet|frame|row|ack)$/i

interface Link {
  readonly state: string
  readonly child: Extract<WaitFacts, { kind: 'child' }> | null
  readonly worker: boolean
}

function linkAmong({ objects, describe, scopes }: JudgeContext, values: readonly Tagged[]): Link | null {
  let link: Link | null = null
  for (const each of values) {
    const value = scopes.unwrapCell(each)
    if (!objects.isObject(value)) continue
    const name = objects.className(value)
    if (name === 'ChildProcess') {
      const child = describeResource(describe, value)
      if (child?.kind !== 'child' || child.ended === undefined) return null
      link = { state: child.ended, child, worker: false }
    } else if (name === 'Worker') {
      const over = portOver(describe, value)
      if (over === null) return null
      link = { state: over, child: null, worker: true }
    } else if (LINK.test(name)) {
      const over = connectionOver(describe, value)
      if (over === null) return null
      // The streams of a child that has ended are closed too: of both, the child says more.
      link ??= { state: over, child: null, worker: false }
    }
  }
  return link
}
