/**
 * `connection-watch`: whether requests go out one after the other on a connection on which nothing comes back. A few
 * milliseconds of our own CPU in some seconds; the process is not touched (its descriptors are borrowed for one call).
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ConnectionWatch } from '../model/connection-watch.js'
import type { SocketState } from '../model/socket.js'
import { openTcpInfo, type TcpTimes } from '../platform/tcp-info.js'
import type { Capability } from './capability.js'
import type { Capturer } from './capturer.js'

const AT_MOST_MS = 6_000
const EVERY_MS = 100
/** What is sent within this belongs together: a request that is given up and the next one, a head and its body. */
const APART_MS = 250
/** More sends tell no more. */
const ENOUGH_SENDS = 4

export function createConnectionWatchCapturer(suspects: readonly SocketState[]): Capturer<readonly ConnectionWatch[]> {
  return {
    name: 'connection-watch',
    supports: (): Capability => 'yes',
    async capture({ target }, { deadlineMs, signal }) {
      const info = openTcpInfo()
      // Without koffi there are no times, and no suspects either.
      if (info === null) return []
      const begunMs = performance.now()
      const untilMs = Math.min(deadlineMs, begunMs + AT_MOST_MS)
      const watches = suspects.flatMap((socket) => watchOf(socket, begunMs) ?? [])
      while (performance.now() < untilMs && !signal.aborted) {
        const open = watches.filter((watch) => watch.silentMs !== null && watch.sends < ENOUGH_SENDS)
        if (open.length === 0) break
        const fds = open.map(({ fd }) => fd)
        const times = target.inside ? new Map(fds.map((fd) => [fd, info.own(fd)])) : info.ofProcess(target.pid, fds)
        for (const watch of open) note(watch, times.get(watch.fd) ?? null, performance.now())
        await sleep(EVERY_MS)
      }
      const watchedMs = Math.round(performance.now() - begunMs)
      return watches.map(({ fd, local, peer, sends, silentMs }) => ({ fd, local, peer, sends, silentMs, watchedMs }))
    },
  }
}

interface Watching {
  readonly fd: number
  readonly local: string
  readonly peer: string
  /** When data last went out, as of this thread's clock. */
  sentAtMs: number
  sends: number
  silentMs: number | null
}

function watchOf({ fd, local, peer, lastSentMs, lastReceivedMs }: SocketState, nowMs: number): Watching | null {
  if (fd === null || peer === null || lastSentMs === null) return null
  return { fd, local, peer, sentAtMs: nowMs - lastSentMs, sends: 0, silentMs: lastReceivedMs }
}

/** A descriptor that is closed, or was taken by another connection, is not silent. */
function note(watch: Watching, times: TcpTimes | null, nowMs: number): void {
  if (times === null || times.lastReceivedMs < (watch.silentMs ?? 0) - EVERY_MS) {
    watch.silentMs = null
    return
  }
  watch.silentMs = times.lastReceivedMs
  const sentAtMs = nowMs - times.lastSentMs
  if (sentAtMs - watch.sentAtMs < APART_MS) return
  watch.sentAtMs = sentAtMs
  watch.sends++
}
