/** Sockets of net, tls and dgram, and servers that listen. */
import type { WaitOf } from '../model/wait.js'
import type { Family } from './family.js'
import { fdPart, type NativeSide, type NodeObject } from './node-object.js'

const PIPE = /^Pipe/
const DATAGRAM = /^UDP/

export const sockets: Family = {
  classes: ['Socket', 'TLSSocket'],
  nativeKind: 'socket',
  natives: [
    'TCPWrap',
    'TCP',
    'PipeWrap',
    'Pipe',
    'UDPWrap',
    'UDP',
    'TLSWrap',
    'TTYWrap',
    'TCPConnectWrap',
    'ConnectWrap',
  ],
  describe: (object) => describeSocket(object, object.className),
}

export const servers: Family = {
  classes: ['Server'],
  describe: (object) => ({
    kind: 'socket',
    type: 'listening',
    incoming: true,
    ...fdPart(handleOf(object)?.native() ?? null),
  }),
}

export function describeSocket(object: NodeObject, className: string): WaitOf<'socket'> {
  const native = socketNative(object)
  const host = object.text('_host')
  const connecting = object.flag('connecting') === true
  const incoming = object.object('_server', 'server') !== null
  const type = typeOf(native?.className ?? '', className)
  return {
    kind: 'socket',
    ...(type === null ? {} : { type }),
    ...(connecting ? { connecting: true } : {}),
    ...fdPart(native),
    ...(host === null ? {} : { host }),
    ...(incoming ? { incoming: true } : {}),
  }
}

function typeOf(native: string, className: string): 'datagram' | 'pipe' | 'tls' | null {
  if (DATAGRAM.test(native)) return 'datagram'
  if (PIPE.test(native)) return 'pipe'
  return className === 'TLSSocket' ? 'tls' : null
}

export function handleOf(object: NodeObject): NodeObject | null {
  return object.object('_handle', '[kHandle]')
}

/** A TLS socket's descriptor is that of the handle it wraps. */
export function socketNative(object: NodeObject): NativeSide | null {
  const handle = handleOf(object)
  // dgram keeps its handle in a state object.
  if (handle === null) return object.object('[state symbol]')?.object('handle')?.native() ?? null
  const native = handle.native()
  if (native?.fd !== undefined) return native
  return handle.object('_parent')?.native() ?? native
}
