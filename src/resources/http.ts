/** Requests of `http` (lib/_http_client.js). */
import type { WaitOf } from '../model/wait.js'
import type { Family } from './family.js'
import { fdPart, plainUrl, type NodeObject } from './node-object.js'
import { socketNative } from './sockets.js'

export function describeClientRequest(object: NodeObject, answering?: boolean): WaitOf<'http-request'> {
  const method = object.text('method') ?? 'GET'
  const protocol = object.text('protocol', '[kProtocol]') ?? 'http:'
  const host = object.text('host', '[kHost]') ?? ''
  const path = object.text('path', '[kPath]') ?? '/'
  const answered = object.object('res') !== null
  const socket = object.object('socket', '[kSocket]')
  const port = hostHeaderPort(object)
  const url = plainUrl(protocol, port === null ? host : `${host}:${port}`, path)
  // `finished` means that end() was called: without a socket it was sent nowhere.
  const sent = object.flag('finished') === true && socket !== null
  return {
    kind: 'http-request',
    method,
    url,
    sent,
    ...(answered || answering === true ? { answered: true } : {}),
    ...(!answered && answering === true ? { body: 'incomplete' } : {}),
    ...(!answered && !sent && isHeldBack(object) ? { expects: 'continue' } : {}),
    ...fdPart(socket === null ? null : socketNative(socket)),
  }
}

/** `Expect: 100-continue`: whoever sends that writes the body only after the server's answer to it. */
function isHeldBack(request: NodeObject): boolean {
  const header = request.text('_header')
  return header !== null && /^expect: *100-continue\r?$/im.test(header)
}

/** The request keeps no port of its own; the header that it sent has it. */
function hostHeaderPort(request: NodeObject): string | null {
  const header = request.text('_header')
  return header === null ? null : (/^host: \S*?:(\d+)\r?$/im.exec(header)?.[1] ?? null)
}

export const http: Family = {
  requests: ['ClientRequest'],
  waypoints: ['IncomingMessage'],
  describe: (object, { answering }) => describeClientRequest(object, answering),
}
