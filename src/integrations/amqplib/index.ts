/**
 * amqplib 0.10 to 2: RabbitMQ pushes messages to the consumers of a channel, to each at most as many as `prefetch` allows that
 * it has not acknowledged. Both of amqplib's APIs share one class of channels and one of connections (lib/channel.js,
 * lib/connection.js there), which nothing exports: they are known by their shape.
 */
import type { ClockSource } from '../../heartbeat/clock-board.js'
import { safely } from '../guard/safely.js'
import { onRequire } from '../modules/on-require.js'
import { isPatchable, prototypeOf, replaceMethod } from '../modules/replace-method.js'
import { AmqpConsumers, type Channel, type Connection, type Fields, type OnMessage } from './consumers.js'

type Reply = (...args: unknown[]) => void

interface ChannelMethods extends Channel {
  _rpc: (this: Channel, method: number, fields: Fields, expect: number, reply: Reply) => unknown
  sendImmediately: (this: Channel, method: number, fields?: Fields) => unknown
  toClosed: (this: Channel, stack?: string) => unknown
  closeBecause: (this: Channel, reason: string, code: number, ...rest: unknown[]) => unknown
}

interface ConsumerMethods extends Channel {
  registerConsumer: (this: Channel, tag: string, onMessage: OnMessage) => unknown
  unregisterConsumer: (this: Channel, tag: string) => unknown
}

interface ConnectionMethods extends Connection {
  toClosed: (this: Connection, stack: string, error?: unknown) => unknown
  closeBecause: (this: Connection, reason: string, code: number, ...rest: unknown[]) => unknown
}

interface ConnectModule {
  connect: (this: unknown, ...args: unknown[]) => unknown
}

/** As amqplib closes what the application asks it to close; any other code is an error. */
const REPLY_SUCCESS = 200
const PATCHED = new WeakSet<object>()

/** Looks at each module that may be one of amqplib's parts, as amqplib asks for them. */
export function installAmqplib(clocks: ClockSource, { taskStallMs }: { readonly taskStallMs: number }): void {
  const amqp = new AmqpConsumers(clocks, taskStallMs)
  const patch = (exports: unknown): void => {
    const consuming = prototypeOf(exports, 'BaseChannel') as ConsumerMethods | null
    if (consuming !== null) patchChannel(amqp, consuming)
    const connection = prototypeOf(exports, 'Connection') as ConnectionMethods | null
    if (connection !== null) patchConnection(amqp, connection)
    if (isConnectModule(exports)) patchConnect(amqp, exports)
  }
  for (const part of ['/channel', '/connect']) onRequire(part, patch)
}

function patchChannel(amqp: AmqpConsumers, consuming: ConsumerMethods): void {
  const channel = Object.getPrototypeOf(consuming) as ChannelMethods | null
  if (channel === null || PATCHED.has(consuming)) return
  if (!areMethods(consuming, ['registerConsumer', 'unregisterConsumer', 'dispatchMessage'])) return
  if (!areMethods(channel, ['_rpc', 'sendImmediately', 'toClosed', 'closeBecause'])) return
  PATCHED.add(consuming)
  const { registerConsumer, unregisterConsumer } = consuming
  const { _rpc, sendImmediately, toClosed, closeBecause } = channel
  replaceMethod(consuming, 'registerConsumer', function (this: Channel, tag: string, onMessage: OnMessage) {
    return registerConsumer.call(this, tag, safely(() => amqp.consumes(this, tag, onMessage)) ?? onMessage)
  })
  replaceMethod(consuming, 'unregisterConsumer', function (this: Channel, tag: string) {
    safely(() => amqp.cancelled(this, tag))
    return unregisterConsumer.call(this, tag)
  })
  replaceMethod(
    channel,
    '_rpc',
    function (this: Channel, method: number, fields: Fields, expect: number, reply: Reply) {
      return _rpc.call(this, method, fields, expect, safely(() => amqp.asks(this, method, fields, reply)) ?? reply)
    },
  )
  replaceMethod(channel, 'sendImmediately', function (this: Channel, method: number, fields?: Fields) {
    if (fields?.deliveryTag !== undefined) safely(() => amqp.acknowledges(this, fields))
    return sendImmediately.call(this, method, fields)
  })
  replaceMethod(channel, 'closeBecause', function (this: Channel, reason: string, code: number, ...rest: unknown[]) {
    if (code === REPLY_SUCCESS) safely(() => amqp.closes(this))
    return closeBecause.call(this, reason, code, ...rest)
  })
  replaceMethod(channel, 'toClosed', function (this: Channel, stack?: string) {
    safely(() => amqp.closed(this, stack))
    return toClosed.call(this, stack)
  })
}

function patchConnection(amqp: AmqpConsumers, connection: ConnectionMethods): void {
  if (PATCHED.has(connection)) return
  if (!areMethods(connection, ['freshChannel', 'onSocketError', 'toClosed', 'closeBecause'])) return
  PATCHED.add(connection)
  const { toClosed, closeBecause } = connection
  replaceMethod(
    connection,
    'closeBecause',
    function (this: Connection, reason: string, code: number, ...rest: unknown[]) {
      if (code === REPLY_SUCCESS) safely(() => amqp.disconnects(this))
      return closeBecause.call(this, reason, code, ...rest)
    },
  )
  replaceMethod(connection, 'toClosed', function (this: Connection, stack: string, error?: unknown) {
    safely(() => amqp.disconnected(this, stack, error))
    return toClosed.call(this, stack, error)
  })
}

function patchConnect(amqp: AmqpConsumers, module: ConnectModule): void {
  if (PATCHED.has(module)) return
  PATCHED.add(module)
  const { connect } = module
  replaceMethod(module, 'connect', function (this: unknown, ...args: unknown[]) {
    safely(() => amqp.connects())
    return connect.apply(this, args)
  })
}

function areMethods(prototype: object, names: readonly string[]): boolean {
  return names.every((name) => isPatchable(prototype, name))
}

/** lib/connect.js */
function isConnectModule(exports: unknown): exports is ConnectModule {
  if (typeof exports !== 'object' || exports === null) return false
  return isPatchable(exports, 'connect') && isPatchable(exports, 'credentialsFromUrl')
}
