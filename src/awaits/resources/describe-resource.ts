/** A resource as the thing one waits for: its kind, a phrase, and what identifies it outside (descriptor, pid, URL). */
import { formatDuration } from '../../model/amounts.js'
import { isConnected, type PoolMember, type ResourceWait, type WaitOf } from '../../model/wait.js'
import type { Tagged } from '../../v8/heap/heap.js'
import type { Objects } from '../../v8/objects/objects.js'
import type { NativeObject, NativeObjects } from './native-objects.js'
import { isUnread } from './unread.js'
import { plainUrl, textOf, timerDue } from './node-values.js'
import { isUndiciRequest } from './undici-request.js'

export interface DescribeContext {
  readonly objects: Objects
  readonly natives: NativeObjects
  /** Now, in ms since the isolate's environment started; null when that can't be told. */
  readonly uptimeMs: number | null
}

export type Part = ResourceWait
export type RequestPart = WaitOf<'http-request'>

/** Null for an object that is no resource that we know. */
export function describeResource(context: DescribeContext, object: Tagged): Part | null {
  const { objects } = context
  const name = objects.className(object)
  switch (name) {
    case 'Timeout':
    case 'Immediate':
      return describeTimer(context, object)
    case 'Socket':
    case 'TLSSocket':
      return describeSocket(context, object, name)
    case 'Server':
      return { kind: 'socket', summary: 'a listening server', incoming: true, ...fdPart(handleOf(context, object)) }
    case 'ReadStream':
    case 'WriteStream':
      return describeFileStream(context, object, name)
    case 'ChildProcess':
      return describeChild(context, object)
    case 'Worker':
      return describeWorker(context, object)
    case 'MessagePort':
    case 'BroadcastChannel':
      return { kind: 'message-port', summary: name }
    case 'AbortSignal':
      return { kind: 'abort-signal', summary: 'an AbortSignal' }
    case 'ClientHttp2Session':
    case 'ServerHttp2Session':
      return describeSession(context, object, name)
    default:
      return describeNative(context, object, name)
  }
}

/**
 * Requests that are met on the way to their socket: they say what was asked.
 *
 * @param answering the way to what waits for it leads through the answer's body
 */
export function describeRequest(context: DescribeContext, object: Tagged, answering = false): RequestPart | null {
  if (isUndiciRequest(context.objects, object)) return describeUndici(context, object, answering)
  switch (context.objects.className(object)) {
    case 'ClientRequest':
      return describeClientRequest(context, object, answering)
    case 'ClientHttp2Stream':
      return describeHttp2Stream(context, object, answering)
    default:
      return null
  }
}

function describeTimer(context: DescribeContext, object: Tagged): Part {
  const due = timerDue(context.objects, object)
  if (due === null) return { kind: 'timer', summary: 'a timer' }
  const dueInMs = context.uptimeMs === null ? undefined : Math.round(due.dueAtMs - context.uptimeMs)
  const what = due.repeats ? 'interval' : 'timer'
  return {
    kind: 'timer',
    summary: `${what} of ${formatDuration(due.afterMs)}${dueInMs === undefined ? '' : `, due in ${formatDuration(dueInMs)}`}`,
    ...(dueInMs === undefined ? {} : { dueInMs, sinceMs: Math.max(0, due.afterMs - dueInMs) }),
  }
}

function describeSocket(context: DescribeContext, object: Tagged, name: string): Part {
  const { objects } = context
  const native = socketNative(context, object)
  const host = textOf(objects, object, ['_host'])
  const connecting = objects.getBoolean(object, ['connecting']) === true
  const pipe = native?.uv?.kind === 'pipe'
  const datagram = native?.uv?.kind === 'udp'
  const incoming = objects.getObject(object, ['_server', 'server']) !== 0
  const what = datagram
    ? 'datagram socket'
    : pipe
      ? 'pipe or local socket'
      : name === 'TLSSocket'
        ? 'TLS socket'
        : 'socket'
  return {
    kind: 'socket',
    summary: `${what}${host === null ? '' : ` to ${host}`}${connecting ? ', connecting' : ''}`,
    ...fdPart(native),
    ...(host === null ? {} : { host }),
    ...(incoming ? { incoming: true } : {}),
  }
}

/** What a socket of an http.Agent is busy with. */
export function agentMember(context: DescribeContext, socket: Tagged): PoolMember {
  const { objects } = context
  const request = objects.getObject(socket, ['_httpMessage'])
  const { fd } = fdPart(socketNative(context, socket))
  const place = fd === undefined ? {} : { fd }
  if (request === 0) return { doing: 'unknown', count: 1, ...place }
  const what = describeClientRequest(context, request).summary
  return { doing: isUnread(objects, objects.getObject(request, ['res'])) ? 'unread' : 'busy', what, count: 1, ...place }
}

/** A TLS socket's descriptor is that of the handle it wraps. */
function socketNative(context: DescribeContext, object: Tagged): NativeObject | null {
  const { objects, natives } = context
  const handle = objects.getObject(object, ['_handle', '[kHandle]'])
  if (handle === 0) {
    // dgram keeps its handle in a state object.
    const state = objects.getObject(object, ['[state symbol]'])
    const inner = state === 0 ? 0 : objects.getObject(state, ['handle'])
    return inner === 0 ? null : natives.of(inner)
  }
  const native = natives.of(handle)
  if (native !== null && native.uv !== null && 'fd' in native.uv) return native
  const parent = objects.getObject(handle, ['_parent'])
  return (parent === 0 ? null : natives.of(parent)) ?? native
}

/** Descriptor of a socket that is open; null for any other object. */
export function socketDescriptor(context: DescribeContext, object: Tagged): number | null {
  return fdPart(socketNative(context, object)).fd ?? null
}

function handleOf(context: DescribeContext, object: Tagged): NativeObject | null {
  const handle = context.objects.getObject(object, ['_handle', '[kHandle]'])
  return handle === 0 ? null : context.natives.of(handle)
}

function fdPart(native: NativeObject | null): { readonly fd?: number } {
  const uv = native?.uv
  return uv !== null && uv !== undefined && 'fd' in uv && uv.fd !== undefined && uv.fd >= 0 ? { fd: uv.fd } : {}
}

function describeFileStream(context: DescribeContext, object: Tagged, name: string): Part {
  const path = textOf(context.objects, object, ['path'])
  const fd = context.objects.getNumber(object, ['fd'])
  // tty.ReadStream and net's are sockets; only fs streams have a path.
  if (path === null && handleOf(context, object) !== null) return describeSocket(context, object, 'Socket')
  return {
    kind: 'stream',
    summary: `${name}${path === null ? '' : ` of ${path}`}`,
    ...(path === null ? {} : { path }),
    ...(fd === null || fd < 0 ? {} : { fd }),
  }
}

function describeChild(context: DescribeContext, object: Tagged): Part {
  const { objects } = context
  const pid = objects.getNumber(object, ['pid'])
  const file = textOf(objects, object, ['spawnfile'])
  return {
    kind: 'child',
    summary: `child process${file === null ? '' : ` ${file}`}${pid === null ? '' : `, pid ${pid}`}`,
    ...(pid === null ? {} : { pid }),
  }
}

function describeWorker(context: DescribeContext, object: Tagged): Part {
  const { objects } = context
  const handle = objects.getObject(object, ['[kHandle]'])
  const threadId = handle === 0 ? null : objects.getNumber(handle, ['threadId'])
  return {
    kind: 'worker',
    summary: threadId === null ? 'a worker thread' : `worker thread ${threadId}`,
    ...(threadId === null ? {} : { threadId }),
  }
}

function describeSession(context: DescribeContext, object: Tagged, name: string): Part {
  const authority = textOf(context.objects, object, ['[authority]', '[kAuthority]'])
  const socket = sessionSocket(context, object)
  return {
    kind: 'http2-stream',
    summary: `${name === 'ClientHttp2Session' ? 'HTTP/2 session' : 'HTTP/2 server session'}${authority === null ? '' : ` to ${authority}`}`,
    ...fdPart(socket),
  }
}

function sessionSocket(context: DescribeContext, session: Tagged): NativeObject | null {
  const socket = context.objects.getObject(session, ['[socket]', '[kSocket]'])
  return socket === 0 ? null : socketNative(context, socket)
}

function describeClientRequest(context: DescribeContext, object: Tagged, answering = false): RequestPart {
  const { objects } = context
  const method = textOf(objects, object, ['method']) ?? 'GET'
  const protocol = textOf(objects, object, ['protocol', '[kProtocol]']) ?? 'http:'
  const host = textOf(objects, object, ['host', '[kHost]']) ?? ''
  const path = textOf(objects, object, ['path', '[kPath]']) ?? '/'
  const sent = objects.getBoolean(object, ['finished']) === true
  const answered = objects.getObject(object, ['res']) !== 0
  const socket = objects.getObject(object, ['socket', '[kSocket]'])
  const native = socket === 0 ? null : socketNative(context, socket)
  const port = hostHeaderPort(objects, object)
  const url = plainUrl(protocol, port === null ? host : `${host}:${port}`, path)
  // `finished` means that end() was called: without a socket it was sent nowhere.
  const away = sent && socket !== 0
  return {
    kind: 'http-request',
    summary: `${method} ${url}, ${answered ? 'answer begun' : away ? `sent, ${answerText(answering)}` : 'not yet sent'}`,
    method,
    url,
    sent: away,
    ...(answered || answering ? { answered: true } : {}),
    ...fdPart(native),
  }
}

function answerText(answering: boolean): string {
  return answering ? 'answer begun, its body is not complete' : 'no answer'
}

/** The request keeps no port of its own; the header that it sent has it. */
function hostHeaderPort(objects: Objects, request: Tagged): string | null {
  const header = textOf(objects, request, ['_header'])
  return header === null ? null : (/^host: \S*?:(\d+)\r?$/im.exec(header)?.[1] ?? null)
}

function describeUndici(context: DescribeContext, object: Tagged, answering: boolean): RequestPart | null {
  const { objects } = context
  const origin = textOf(objects, object, ['origin'])
  const path = textOf(objects, object, ['path'])
  if (origin === null || path === null) return null
  const method = textOf(objects, object, ['method']) ?? 'GET'
  const [protocol = 'http:', host = ''] = origin.split('//')
  const url = plainUrl(protocol, host, path)
  const summary = `${method} ${url}, ${answerText(answering)}`
  return { kind: 'http-request', summary, method, url, ...(answering ? { answered: true } : {}) }
}

function describeHttp2Stream(context: DescribeContext, object: Tagged, answering = false): RequestPart {
  const { objects } = context
  const headers = objects.getObject(object, ['[sent-headers]', '[sentHeaders]', '[kSentHeaders]'])
  const method = headers === 0 ? null : textOf(objects, headers, [':method'])
  const path = headers === 0 ? null : textOf(objects, headers, [':path'])
  const session = objects.getObject(object, ['[session]', '[kSession]'])
  const authority = session === 0 ? null : textOf(objects, session, ['[authority]', '[kAuthority]'])
  const id = objects.getNumber(object, ['[id]', '[kID]'])
  const target = `${method ?? 'request'} ${(path ?? '').replace(/[?#].*$/s, '')}`
  return {
    kind: 'http2-stream',
    summary: `HTTP/2 stream${id === null ? '' : ` ${id}`}: ${target}${authority === null ? '' : ` to ${authority}`}, ${answerText(answering)}`,
    ...(method === null ? {} : { method }),
    ...(authority === null || path === null ? {} : { url: `${authority}${path.replace(/[?#].*$/s, '')}` }),
    ...(answering ? { answered: true } : {}),
    ...(session === 0 ? {} : fdPart(sessionSocket(context, session))),
  }
}

const NATIVE_KINDS: ReadonlyMap<string, Part['kind']> = new Map([
  ['FSReqCallback', 'file'],
  ['FSReqPromise', 'file'],
  ['FileHandle', 'file'],
  ['FSEventWrap', 'file'],
  ['StatWatcher', 'file'],
  ['GetAddrInfoReqWrap', 'dns'],
  ['GetNameInfoReqWrap', 'dns'],
  ['QueryReqWrap', 'dns'],
  ['ChannelWrap', 'dns'],
  ['TCPWrap', 'socket'],
  ['PipeWrap', 'socket'],
  ['UDPWrap', 'socket'],
  ['TLSWrap', 'socket'],
  ['TTYWrap', 'socket'],
  ['TCPConnectWrap', 'socket'],
  ['ConnectWrap', 'socket'],
  ['ProcessWrap', 'child'],
  ['MessagePort', 'message-port'],
  ['Worker', 'worker'],
  ['Http2Session', 'http2-stream'],
  ['Http2Stream', 'http2-stream'],
])

function describeNative(context: DescribeContext, object: Tagged, name: string): Part | null {
  const { objects, natives } = context
  const native = natives.of(object)
  if (native === null) return null
  const owner = objects.getObject(object, ['[owner_symbol]'])
  if (owner !== 0 && native.className === 'Http2Stream') return describeHttp2Stream(context, owner)
  const label = name === '' ? native.className : name
  const kind = NATIVE_KINDS.get(native.className.replace(/<.*$/, '')) ?? nativeKindByName(native.className)
  if (kind === 'dns') {
    const host = textOf(objects, object, ['hostname'])
    return { kind, summary: `DNS look-up${host === null ? '' : ` of ${host}`}`, ...(host === null ? {} : { host }) }
  }
  if (kind === 'file') {
    const uv = native.uv
    const path = uv !== null && 'path' in uv ? uv.path : undefined
    return {
      kind,
      summary: `file system request${path === undefined ? '' : ` on ${path}`} (${label})`,
      ...(path === undefined ? {} : { path }),
      ...fdPart(native),
    }
  }
  if (kind === 'child') {
    const pid = native.uv !== null && 'pid' in native.uv ? native.uv.pid : undefined
    return {
      kind,
      summary: `child process${pid === undefined ? '' : `, pid ${pid}`}`,
      ...(pid === undefined ? {} : { pid }),
    }
  }
  const part: Part = { kind, summary: label, owner: label }
  return isConnected(part) ? { ...part, ...fdPart(native) } : part
}

/** CompressionStream, PBKDF2Job and the like: work of libuv's pool. */
function nativeKindByName(className: string): Part['kind'] {
  if (/ReadFileJob|FSReq/.test(className)) return 'file'
  return /Job|Zlib|Brotli|Zstd|Compress|Stream|Cipher|Hash|Sign/.test(className) ? 'pool-request' : 'unknown'
}
