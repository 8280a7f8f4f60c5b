/**
 * `blocked-in-native`: JavaScript called native code that has not come back. Asleep in a system call (a child, a file,
 * a futex, a lock of a database), or running in code that no look can see into (crypto, zlib, an addon).
 */
import type { Frame } from '../../model/frame.js'
import type { KernelState } from '../../model/kernel.js'
import type { Syscall, ThreadStack } from '../../model/thread.js'
import type { VerdictCause } from '../../model/verdict.js'
import { blameFrames, placeText, type Blame } from '../view/blame.js'
import { strong, weak, type Candidate, type Sign } from '../view/candidate.js'
import { askedByChild } from '../view/own-server.js'
import { activityAbove, type NativeActivity } from '../view/native-names.js'
import { standstillSign, standstillText } from '../view/loop-signs.js'
import { seconds } from '../view/phrases.js'
import { pointerTo } from '../view/pointers.js'
import type { ThreadView, View } from '../view/view.js'

type BlockedCause = VerdictCause<'blocked-in-native'>

export function blockedInNative(view: View): readonly Candidate[] {
  return view.main === null ? [] : blockedIn(view, view.main)
}

/** The same judgement for any thread. */
export function blockedIn(view: View, thread: ThreadView): readonly Candidate[] {
  if (thread.idle || thread.last.state === 'stopped') return []
  const asleep = isAsleep(thread)
  const stack = stackOf(thread, asleep)
  const frames = stack.frames.length > 0 ? stack.frames : (thread.scripts.at(-1) ?? [])
  const activity = activityOf(stack, frames)
  const syscall = callOf(thread.last)
  const cause = causeOf(activity, syscall, asleep)
  if (cause === null || moved(view, thread)) return []
  const blame = blameFrames(frames)
  if (!asleep && !isMostlyAt(thread, blame)) return []
  const what = describe(cause, view.last.kernel, stack, syscall)
  return [
    {
      kind: 'blocked-in-native',
      cause,
      where: blame.where,
      chain: blame.chain,
      summary: `${thread.last.role === 'main' ? 'The main thread' : `Worker thread ${thread.tid}`} is ${asleep ? 'blocked' : 'busy'} in ${what}, called from ${placeText(blame.where)}${standstillText(view, thread)}.`,
      evidence: pointerTo('threads', thread.index),
      signs: signsOf(view, thread, { activity, syscall, asleep, cause, blame }),
      ...(cause === 'unknown' || blame.where === null ? { cap: 'medium' as const } : {}),
      refutedBy: 'A later look in which the thread is elsewhere, or an event loop whose turn count grows.',
      nextStep: nextOf(cause, view.last.kernel),
    },
  ]
}

/** The last one; of a running thread, whose stack may be torn in one look, the last that tells what it calls. */
function stackOf(thread: ThreadView, asleep: boolean): ThreadStack {
  const stacks = thread.stacks.filter((each) => each.frames.length > 0)
  const telling = asleep ? undefined : stacks.findLast((each) => activityOf(each, each.frames) !== null)
  return telling ?? stacks.at(-1) ?? thread.last
}

function activityOf(stack: ThreadStack, frames: readonly Frame[]): NativeActivity | null {
  return stack.vmState === 'ATOMICS_WAIT' ? 'futex' : activityAbove(frames, stack.nativeCallee)
}

/** A busy function that calls native code now and then computes: most stacks must be at this very call. */
function isMostlyAt(thread: ThreadView, blame: Blame): boolean {
  const there = thread.scripts.filter((frames) => {
    const { where } = blameFrames(frames)
    return where?.function === blame.where?.function && where?.line === blame.where?.line
  })
  return there.length * 2 > thread.scripts.length
}

interface Seen {
  readonly activity: NativeActivity | null
  readonly syscall: Syscall | null
  readonly asleep: boolean
  readonly cause: BlockedCause
  readonly blame: Blame
}

function callOf(stack: ThreadStack): Syscall | null {
  return typeof stack.syscall === 'object' ? stack.syscall : null
}

/** Whoever was on a CPU a moment before or after slept for that moment: for a lock, for helpers of the collector. */
function isAsleep({ last }: ThreadView): boolean {
  return (last.state === 'sleeping' || last.state === 'disk') && last.syscall !== 'running'
}

/** The loop turned, or it slept in other calls: it comes back. */
function moved(view: View, thread: ThreadView): boolean {
  if (thread.turns !== null && thread.turns > 0 && !view.silent) return true
  if (thread.stacks.length < 2) return false
  return thread.stacks.some((stack) => stack.state === 'idle')
}

const READS = new Set(['read', 'pread64', 'readv', 'preadv', 'preadv2', 'open', 'openat', 'openat2', 'getdents64'])
const WRITES = new Set([
  'write',
  'pwrite64',
  'writev',
  'pwritev',
  'pwritev2',
  'fsync',
  'fdatasync',
  'flock',
  'sendfile',
])

function causeOf(activity: NativeActivity | null, syscall: Syscall | null, asleep: boolean): BlockedCause | null {
  switch (activity) {
    case 'child-process':
    case 'crypto':
    case 'zlib':
    case 'sqlite':
    case 'addon':
      return activity
    case 'futex':
      return 'futex'
    case 'regexp':
    case 'json':
    case 'debugger':
    case 'gc':
      return null
    case 'file':
    case null:
      break
    default:
      return activity satisfies never
  }
  if (!asleep) return null
  if (syscall !== null && READS.has(syscall.name)) return 'file-read'
  if (syscall !== null && WRITES.has(syscall.name)) return 'file-write'
  return 'unknown'
}

function signsOf(view: View, thread: ThreadView, seen: Seen): Sign[] {
  const signs: Sign[] = []
  const { activity, syscall, cause } = seen
  if (syscall !== null && seen.asleep) {
    const where = thread.last.wchan ? ` (${thread.last.wchan})` : ''
    const direct = cause === 'file-read' || cause === 'file-write' || (cause === 'futex' && syscall.name === 'futex')
    signs.push((direct ? strong : weak)(`asleep in ${syscall.name}${where}`))
  } else if (seen.asleep) signs.push(weak('asleep below JavaScript'))
  if (activity !== null) signs.push(strong(`the innermost JavaScript calls ${WORDS[cause]}`))
  if (cause === 'child-process' && (view.last.kernel?.children.length ?? 0) > 0) signs.push(strong('a child is alive'))
  const standstill = standstillSign(view, thread)
  if (standstill !== null) signs.push(standstill)
  if (view.silent && view.silentMs !== null) signs.push(strong(`no beat for ${seconds(view.silentMs)}`))
  if (thread.cpuShare !== null && thread.cpuShare < 0.02 && seen.asleep) signs.push(weak('its thread used no CPU'))
  return signs
}

const WORDS: Readonly<Record<BlockedCause, string>> = {
  'child-process': 'a synchronous wait for a child process',
  'file-read': 'a synchronous read',
  'file-write': 'a synchronous write',
  futex: 'Atomics.wait',
  crypto: 'a synchronous cryptographic function',
  zlib: 'synchronous compression',
  sqlite: 'SQLite',
  addon: 'a native addon',
  unknown: 'native code',
}

function describe(
  cause: BlockedCause,
  kernel: KernelState | null,
  stack: ThreadStack,
  syscall: Syscall | null,
): string {
  if (cause === 'child-process') {
    const child = kernel?.children[0]
    if (child === undefined) return WORDS[cause]
    const own = kernel === null ? null : askedByChild(kernel)
    const asks = own === null ? '' : `, which is connected to ${own}, where this very process listens`
    return `${WORDS[cause]}: pid ${child.pid} (${child.command}), state ${child.kernelState}, ${seconds(child.ageMs)} old${asks}`
  }
  if (cause === 'file-read' || cause === 'file-write') {
    const target = syscall?.target ?? (syscall?.fd === undefined ? syscall?.args[0] : `descriptor ${syscall.fd}`)
    return `${WORDS[cause]}${target === undefined ? '' : ` of ${target}`}${otherEndOf(kernel, syscall)}`
  }
  if (cause === 'addon') return `${WORDS[cause]}${stack.nativeCallee === undefined ? '' : ` (${stack.nativeCallee})`}`
  if (cause === 'unknown' && syscall !== null) return `system call ${syscall.name}`
  return WORDS[cause]
}

function otherEndOf(kernel: KernelState | null, syscall: Syscall | null): string {
  const file = kernel?.files.find((each) => each.fd === syscall?.fd)
  if (file?.otherEnd === undefined) return ''
  if (file.otherEnd.length === 0) return ', whose other end nobody holds'
  const [holder] = file.otherEnd
  return holder === undefined ? '' : `, whose other end pid ${holder.pid} (${holder.command}) holds`
}

function nextOf(cause: BlockedCause, kernel: KernelState | null): string {
  const child = kernel?.children[0]
  switch (cause) {
    case 'child-process':
      if (kernel !== null && askedByChild(kernel) !== null)
        return 'Use the asynchronous form (spawn, execFile with a callback): the child asks a server of this process, which can not answer while it waits for the child.'
      return child === undefined
        ? 'Use the asynchronous form, with a time-out.'
        : `Look at what pid ${child.pid} waits for (cat /proc/${child.pid}/wchan), and use the asynchronous form with a time-out.`
    case 'file-read':
    case 'file-write':
      return 'See who should serve the other end of this descriptor; use the asynchronous form, and never a FIFO or a full pipe synchronously.'
    case 'futex':
      return 'Find who should call Atomics.notify; give Atomics.wait a time-out, or use Atomics.waitAsync.'
    case 'crypto':
      return 'Lower the cost parameter or use the asynchronous form, which runs in the thread pool.'
    case 'zlib':
      return 'Use the asynchronous or streaming form.'
    case 'sqlite':
      return 'See who holds the database lock (fuser FILE), and lower its busy time-out.'
    case 'addon':
      return 'Ask the addon for an asynchronous call, or move it into a worker thread.'
    case 'unknown':
      return 'Look at the native stack: gdb -p PID -batch -ex bt.'
    default:
      return cause satisfies never
  }
}
