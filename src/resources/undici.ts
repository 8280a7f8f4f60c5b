/** A request of undici's, and so of `fetch`: its class may have any name, so the reader of the heap knows it by its shape. */
import type { WaitOf } from '../model/wait.js'
import { plainUrl, type NodeObject } from './node-object.js'

export function describeUndici(object: NodeObject, answering?: boolean): WaitOf<'http-request'> | null {
  const origin = object.text('origin')
  const path = object.text('path')
  if (origin === null || path === null) return null
  const method = object.text('method') ?? 'GET'
  const [protocol = 'http:', host = ''] = origin.split('//')
  const url = plainUrl(protocol, host, path)
  return {
    kind: 'http-request',
    method,
    url,
    ...(answering === true ? { answered: true, body: 'incomplete' } : {}),
  }
}
