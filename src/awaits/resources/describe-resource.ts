/** The catalogue of Node's objects (`resources/`) asked about objects in memory. */
import type { PoolMember, ResourceWait } from '../../model/wait.js'
import { describeObject, requestFamily } from '../../resources/families.js'
import { describeClientRequest } from '../../resources/http.js'
import { socketNative } from '../../resources/sockets.js'
import { describeUndici } from '../../resources/undici.js'
import type { Tagged } from '../../v8/heap/heap.js'
import type { Objects } from '../../v8/objects/objects.js'
import { MemoryObject } from './memory-object.js'
import type { NativeObjects } from './native-objects.js'
import { isUndiciRequest } from './undici-request.js'
import { isUnread } from './unread.js'

export interface DescribeContext {
  readonly objects: Objects
  readonly natives: NativeObjects
  /** Now, in ms since the isolate's environment started; null when that can't be told. */
  readonly uptimeMs: number | null
}

export type Part = ResourceWait

function at({ objects, natives }: DescribeContext, object: Tagged): MemoryObject {
  return new MemoryObject(objects, natives, object)
}

/** Null for an object that is no resource that we know. */
export function describeResource(context: DescribeContext, object: Tagged): Part | null {
  return describeObject(at(context, object), { uptimeMs: context.uptimeMs })
}

/**
 * Objects that are met on the way to their resource and say what was asked of it.
 *
 * @param answering the way to what waits for it leads through the answer's body
 */
export function describeRequest(context: DescribeContext, object: Tagged, answering = false): Part | null {
  if (isUndiciRequest(context.objects, object)) return describeUndici(at(context, object), answering)
  const family = requestFamily(context.objects.className(object))
  return family?.describe(at(context, object), { uptimeMs: context.uptimeMs, answering }) ?? null
}

/** What a socket of an http.Agent is busy with. */
export function agentMember(context: DescribeContext, socket: Tagged): PoolMember {
  const { objects } = context
  const request = objects.getObject(socket, ['_httpMessage'])
  const fd = socketDescriptor(context, socket)
  const place = fd === null ? {} : { fd }
  if (request === 0) return { doing: 'unknown', count: 1, ...place }
  const { method, url, sent, answered } = describeClientRequest(at(context, request))
  const asked = {
    ...(method === undefined ? {} : { method }),
    ...(url === undefined ? {} : { url }),
    ...(sent === undefined ? {} : { sent }),
    ...(answered === undefined ? {} : { answered }),
  }
  return {
    doing: isUnread(objects, objects.getObject(request, ['res'])) ? 'unread' : 'busy',
    request: asked,
    count: 1,
    ...place,
  }
}

/** Descriptor of a socket that is open; null for any other object. */
export function socketDescriptor(context: DescribeContext, object: Tagged): number | null {
  const fd = socketNative(at(context, object))?.fd
  return fd === undefined || fd < 0 ? null : fd
}
