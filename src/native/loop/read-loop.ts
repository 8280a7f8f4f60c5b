/** What an event loop does now: turning or not, since when, in poll or not, its next timer. 9 us a read. */
import { toAddress, type Address } from '../../model/address.js'
import type { LoopState } from '../../model/loop.js'
import { readRawSyscall } from '../../platform/procfs/syscall.js'
import { syscallName } from '../../platform/procfs/syscall-names.js'
import { HANDLE, LOOP, LOOP_INTERNALS } from '../layouts/libuv.js'
import type { NativeProcess } from '../process/native-process.js'
import { isLoop } from './find-loops.js'

/** More than this is no count but something else's memory. */
const MOST_TURNS = 2 ** 50
/** A loop's own clock can't lie further in the past than this: then it is not a loop's clock. */
const MOST_AGE_MS = 10 * 365 * 86_400_000

/**
 * Null when `address` holds no loop (any more).
 *
 * `polling`: the poll began (libuv notes when) and has not ended, or the thread sits in epoll on the loop's own
 * descriptor; a thread in epoll on another one (spawnSync runs a loop of its own) is not polling.
 */
export function readLoop(native: NativeProcess, address: Address, tid: number): LoopState | null {
  const { memory } = native
  if (!isLoop(native, address)) return null
  const at = (offset: number): Address => toAddress(address + offset)
  const timeMs = memory.word(at(LOOP.timeMs))
  const backendFd = memory.i32(at(LOOP.backendFd))
  const internals = memory.word(at(LOOP.internalFields))
  const turns = internals === 0 ? 0 : memory.word(toAddress(internals + LOOP_INTERNALS.turns))
  const pollEntryNs = internals === 0 ? 0 : memory.word(toAddress(internals + LOOP_INTERNALS.pollEntryNs))
  // Last, so that what was read before is not older than it.
  const nowMs = native.nowMs()
  const ageMs = nowMs - timeMs
  if (internals === 0 || turns > MOST_TURNS || ageMs < -1000 || ageMs > MOST_AGE_MS) return null

  const noted = pollEntryNs > 0
  const polling = noted || isPolling(native, tid, backendFd)
  const timers = memory.u32(at(LOOP.timerCount))
  return {
    polling,
    turns,
    stuckMs: polling ? null : Math.max(0, ageMs),
    pollingMs: polling ? Math.max(0, noted ? nowMs - pollEntryNs / 1e6 : ageMs) : null,
    nextTimerMs: timers > 0 ? nextTimer(native, address, nowMs) : null,
    timers,
    activeHandles: memory.u32(at(LOOP.activeHandles)),
    activeRequests: memory.u32(at(LOOP.activeRequests)),
    events: memory.word(toAddress(internals + LOOP_INTERNALS.events)),
  }
}

function isPolling(native: NativeProcess, tid: number, backendFd: number): boolean {
  const raw = readRawSyscall(native.root, tid)
  if (raw?.kind !== 'blocked') return false
  const isEpoll = syscallName(raw.number).startsWith('epoll_')
  return isEpoll && BigInt.asIntN(32, raw.args[0] ?? -1n) === BigInt(backendFd)
}

function nextTimer(native: NativeProcess, loop: Address, nowMs: number): number | null {
  const node = native.memory.word(toAddress(loop + LOOP.timerHeapMin))
  if (node === 0) return null
  const timer = node - HANDLE.timerHeapNode
  // A timer that was freed meanwhile would show anything: its loop must still be this one.
  if (native.memory.word(toAddress(timer + HANDLE.loop)) !== loop) return null
  return native.memory.word(toAddress(timer + HANDLE.timerDueMs)) - nowMs
}
