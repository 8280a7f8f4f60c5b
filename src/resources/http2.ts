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
    ...(isEnded(object) === false ? { sent: false } : {}),
    ...(answering === true || hasData(object) ? { answered: true, body: 'incomplete' } : {}),
    ...(session === null ? {} : fdPart(sessionSocket(session))),
  }
}

/** lib/internal/streams: bits of `state[kState]`, the same from Node 20 to 26. */
const ENDING = 1 << 12
const DATA_EMITTED = 1 << 19

/** Whether this process has ended the request's body; null where its state does not tell. */
function isEnded(stream: NodeObject): boolean | null {
  const bits = stream.object('_writableState')?.number('[kState]') ?? null
  return bits === null ? null : (bits & ENDING) !== 0
}

/** Some of the answer's body was read already. */
function hasData(stream: NodeObject): boolean {
  return ((stream.object('_readableState')?.number('[kState]') ?? 0) & DATA_EMITTED) !== 0
}

function sessionSocket(session: NodeObject): NativeSide | null {
  const socket = session.object('[socket]', '[kSocket]')
  return socket === null ? null : socketNative(socket)
}
