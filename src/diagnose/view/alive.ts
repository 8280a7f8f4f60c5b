/** What keeps a process alive, one phrase each: timers with their place and length, sockets, children, other handles. */
import type { ActiveTimer } from '../../model/open-work.js'
import { timerText } from '../../model/open-work-phrases.js'
import type { LoopHandle } from '../../model/loop.js'
import type { SocketState } from '../../model/socket.js'
import { originOf } from '../../source/origin.js'
import type { View } from './view.js'

const MOST = 6

/** Empty where the loop's handles were not read. */
export function aliveBy(view: View): readonly string[] {
  const handles = (view.main?.last.loop?.handles ?? []).filter((handle) => handle.referenced)
  const sockets = view.last.kernel?.sockets ?? []
  const listening = sockets.filter(({ state }) => state === 'LISTEN')
  const timers = timersOf(view).filter((timer) => timer.referenced)
  const phrases = [...timers.map(timerText), ...grouped(handles.map((handle) => handleText(view, handle, listening)))]
  return phrases.length > MOST ? [...phrases.slice(0, MOST), `and ${phrases.length - MOST} more`] : phrases
}

/** Timers of the main thread whose callback is not node's own. */
export function timersOf(view: View): readonly ActiveTimer[] {
  return (view.last.awaits?.timers ?? []).filter(
    (timer) =>
      (timer.tid === undefined || timer.tid === view.main?.tid) && originOf(timer.callback?.file ?? null) !== 'node',
  )
}

function handleText(view: View, handle: LoopHandle, listening: readonly SocketState[]): string {
  const socket = view.last.kernel?.sockets.find((each) => each.fd !== null && each.fd === handle.fd)
  const fd = handle.fd === undefined ? '' : ` (fd ${handle.fd})`
  if (socket?.state === 'LISTEN') return `a server that listens on ${socket.local}${fd}`
  if (socket?.peer != null) {
    const accepted = listening.some(({ local }) => portOf(local) === portOf(socket.local))
    return `a connection ${accepted ? 'from' : 'to'} ${socket.peer}${fd}`
  }
  if (handle.type === 'process') return `child process ${handle.pid ?? ''}`.trim()
  const file = view.last.kernel?.files.find((each) => each.fd === handle.fd)
  if (file !== undefined) return `${handle.type} ${file.target}${fd}`
  return HANDLES[handle.wrapper ?? ''] ?? `${handle.wrapper ?? handle.type}${fd}`
}

const HANDLES: Readonly<Record<string, string>> = {
  FSEventWrap: 'a watched file or folder (fs.watch)',
  StatWatcher: 'a watched file (fs.watchFile)',
  MessagePort: 'a message port (a worker thread, or a BroadcastChannel)',
  UDPWrap: 'a datagram socket',
  PipeWrap: 'a pipe or local socket',
}

function portOf(address: string): string {
  return address.slice(address.lastIndexOf(':') + 1)
}

function grouped(texts: readonly string[]): string[] {
  const counts = new Map<string, number>()
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1)
  return [...counts].map(([text, count]) => (count === 1 ? text : `${count} x ${text}`))
}
