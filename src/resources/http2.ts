/** Sessions and streams of `http2` (lib/internal/http2/core.js). */
import type { WaitOf } from '../model/wait.js'
import type { Family } from './family.js'
import { fdPart, type NativeSide, type NodeObject } from './node-object.js'
import { socketNative } from './sockets.js'

export const http2Sessions: Family = {
  classes: ['ClientHttp2Session', 'ServerHttp2Session'],
  nativeKind: 'http2-stream',
  natives: ['Http2Session'],
  describe(object) {
    const authority = object.text('[authority]', '[kAuthority]')
    return {
      kind: 'http2-stream',
      part: object.className === 'ClientHttp2Session' ? 'session' : 'server-session',
      ...(authority === null ? {} : { authority }),
      ...fdPart(sessionSocket(object)),
    }
  },
}

export const http2Streams: Family = {
  requests: ['ClientHttp2Stream'],
  waypoints: ['ServerHttp2Stream'],
  nativeKind: 'http2-stream',
  natives: ['Http2Stream'],
  describe: (object, { answering }) => describeStream(object, answering),
  describeNative(object) {
    const owner = object.object('[owner_symbol]')
    return owner === null ? null : describeStream(owner)
  },
}

function describeStream(object: NodeObject, answering?: boolean): WaitOf<'http2-stream'> {
  const headers = object.object('[sent-headers]', '[sentHeaders]', '[kSentHeaders]')
  const method = headers?.text(':method') ?? null
  const path = headers?.text(':path') ?? null
  const session = object.object('[session]', '[kSession]')
  const authority = session?.text('[authority]', '[kAuthority]') ?? null
  const id = object.number('[id]', '[kID]')
  const plainPath = path?.replace(/[?#].*$/s, '')
  return {
    kind: 'http2-stream',
    part: 'stream',
    ...(id === null ? {} : { streamId: id }),
    ...(method === null ? {} : { method }),
    ...(authority === null ? {} : { authority }),
    ...(plainPath === undefined ? {} : { path: plainPath }),
    ...(authority === null || plainPath === undefined ? {} : { url: `${authority}${plainPath}` }),
    ...(answering === true ? { answered: true, body: 'incomplete' } : {}),
    ...(session === null ? {} : fdPart(sessionSocket(session))),
  }
}

function sessionSocket(session: NodeObject): NativeSide | null {
  const socket = session.object('[socket]', '[kSocket]')
  return socket === null ? null : socketNative(socket)
}
