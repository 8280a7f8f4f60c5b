/**
 * Whether the inspector could answer at all, as the kernel tells: asked before anything is attached, because a pause
 * requested of an idle loop would sit there until the next timer and then show node's own code.
 */
import { listDescriptors } from '../../platform/procfs/descriptors.js'
import { mainThreadId, readWchan } from '../../platform/procfs/threads.js'
import { readStat } from '../../platform/procfs/stat.js'
import { readSyscall } from '../../platform/procfs/syscall.js'
import type { Syscall } from '../../model/thread.js'
import type { Target } from '../../model/target.js'

export type Activity =
  /** On a CPU, or ready for one. */
  | { readonly kind: 'running' }
  /** In `epoll` on its own loop: nothing runs. */
  | { readonly kind: 'idle' }
  /** In `Atomics.wait` or some lock: V8 may answer. */
  | { readonly kind: 'futex' }
  /** In a system call that JavaScript can't be reached through. */
  | { readonly kind: 'native'; readonly syscall: Syscall }
  | { readonly kind: 'stopped' }
  /** The kernel would not tell. */
  | { readonly kind: 'unknown' }

const SAMPLES = 5
const BETWEEN_MS = 8

/** Several quick looks; anything but one and the same sleep in all of them counts as running. */
export async function observeActivity(target: Target): Promise<Activity> {
  const root = target.procRoot
  if (root === null) return { kind: 'unknown' }
  const seen: Activity[] = []
  for (let sample = 0; sample < SAMPLES; sample++) {
    if (sample > 0) await new Promise((resolve) => setTimeout(resolve, BETWEEN_MS))
    const now = activityNow(root)
    if (now.kind === 'running') return now
    seen.push(now)
  }
  const first = seen[0] ?? { kind: 'unknown' }
  return seen.every((each) => each.kind === first.kind) ? first : { kind: 'running' }
}

function activityNow(root: string): Activity {
  const tid = mainThreadId(root)
  const state = readStat(`${root}/task/${tid}`).state
  if (state === 'R') return { kind: 'running' }
  if (state === 'T' || state === 't') return { kind: 'stopped' }
  const syscall = readSyscall(root, tid)
  if (syscall === 'running') return { kind: 'running' }
  if (syscall === null) return activityByWchan(readWchan(`${root}/task/${tid}`))
  if (syscall.name === 'futex') return { kind: 'futex' }
  if (syscall.name.startsWith('epoll_')) {
    return isOwnLoop(root, syscall.fd) ? { kind: 'idle' } : { kind: 'native', syscall }
  }
  return { kind: 'native', syscall }
}

function activityByWchan(wchan: string | null): Activity {
  if (wchan === null) return { kind: 'unknown' }
  if (/poll/.test(wchan)) return { kind: 'idle' }
  return /futex/.test(wchan) ? { kind: 'futex' } : { kind: 'unknown' }
}

/**
 * `execSync` polls a loop of its own, whose descriptor was made later than the main loop's: of all epoll descriptors
 * that no other thread can be polling, the main loop's is among the first that Node opens at its start.
 */
function isOwnLoop(root: string, fd: number | undefined): boolean {
  const polls = listDescriptors(root).filter(({ target }) => target === 'anon_inode:[eventpoll]')
  const startUp = polls.slice(0, START_UP_LOOPS).map((descriptor) => descriptor.fd)
  return fd === undefined || startUp.includes(fd)
}

/** Two of the platform, then the main loop: seen on Node 20 to 26. */
const START_UP_LOOPS = 3
