/**
 * The await tree of all isolates of a target but our own thread's, in the words of the report and redacted. Synchronous: it
 * keeps the deadline itself.
 */
import type { AwaitTree } from '../model/await.js'
import { StallError } from '../model/stall-error.js'
import type { Target } from '../model/target.js'
import { ageMsOf } from '../platform/procfs/process.js'
import { ownThreadId } from '../platform/procfs/own-thread.js'
import { readAwaitTree, type ReadAwaitsOptions } from '../awaits/read-awaits.js'
import type { AwaitCache, EarlierScans } from '../awaits/scan/settled-scan.js'
import type { Redactor } from '../redact/redactor.js'
import { sayWaits } from '../report/wait/wait-words.js'
import type { CaptureOptions } from './session.js'
import { unmatchedNote } from './memory-target.js'
import type { MemoryTarget } from './memory-target.js'

/** Left for what comes after the scan: joining, grouping, redacting. */
const RESERVE_MS = 200
/** Inside the worker a copy of its heap would count in the pod; there a further pass costs no more than a copy. */
const KEEP_INSIDE = 0
const KEEP_OUTSIDE = 48 << 20
/** What the capture thread's memory (`captureMemoryMb`) surely holds. */
const MAX_FUNCTIONS_INSIDE = 10_000
/** What is done within a minute and a gigabyte; what is left out is counted. */
const MAX_FUNCTIONS_OUTSIDE = 100_000

export interface AwaitsRequest extends Pick<CaptureOptions, 'locals' | 'redactor'> {
  readonly target: Target
  readonly deadlineMs: number
  /** Kept by whoever looks again and again. */
  readonly cache?: AwaitCache
  /** As in `ReadAwaitsOptions`. */
  readonly earlier?: EarlierScans
  readonly onFunctions?: ReadAwaitsOptions['onFunctions']
}

/** The tree of all isolates but our own thread's. */
export function readAwaits(target: MemoryTarget, request: AwaitsRequest): AwaitTree {
  const native = target.native()
  if (native === null) {
    throw new StallError('ERR_STALL_CAPTURE_FAILED', "the binary's symbols could not be read: awaits need its classes")
  }
  const { matched, unmatched } = target.isolates()
  const own = request.target.inside ? ownThreadId() : null
  // The agent's own threads wait too: for their clocks, for this capture.
  const agent = new Set([...(request.target.agentTids ?? []), ...(own === null ? [] : [own])])
  const threads = matched.filter((thread) => !agent.has(thread.tid))
  const tids = new Map(threads.map((thread) => [thread.isolate.address, thread.tid]))
  const { startTicks } = request.target
  const uptimeMs = startTicks === null ? null : ageMsOf(startTicks)
  const read = readAwaitTree(target.heap, {
    natives: native,
    isolates: threads.map((thread) => thread.isolate),
    tidOf: (isolate) => tids.get(isolate.address) ?? null,
    // A timer counts from the start of its thread's environment, which is known of the main thread only.
    uptimeMs: (isolate) => (tids.get(isolate.address) === target.mainTid ? uptimeMs : null),
    deadlineMs: request.deadlineMs - RESERVE_MS,
    locals: request.locals,
    ...(request.cache === undefined ? {} : { cache: request.cache }),
    ...(request.earlier === undefined ? {} : { earlier: request.earlier }),
    ...(request.onFunctions === undefined ? {} : { onFunctions: request.onFunctions }),
    keepBytes: request.target.inside ? KEEP_INSIDE : KEEP_OUTSIDE,
    maxFunctions: request.target.inside ? MAX_FUNCTIONS_INSIDE : MAX_FUNCTIONS_OUTSIDE,
  })
  const tree = sayWaits(read)
  const note = unmatchedNote(target, unmatched)
  return redactTree(unmatched === 0 ? tree : { ...tree, notes: [...tree.notes, note] }, request.redactor)
}

/** What came out of the application's own objects: paths, hosts, URLs, values. Places in code stay as they are. */
function redactTree(tree: AwaitTree, redactor: Redactor): AwaitTree {
  const clean = <T>(value: T): T => redactor.value(value) as T
  type Root = AwaitTree['roots'][number]
  const root = (node: Root): Root => ({
    ...node,
    awaiting: node.awaiting.map(root),
    ...(node.waitsFor === undefined ? {} : { waitsFor: clean(node.waitsFor) }),
  })
  return {
    ...tree,
    awaits: tree.awaits.map((node) => ({
      ...node,
      waitsFor: clean(node.waitsFor),
      ...(node.locals === undefined
        ? {}
        : { locals: node.locals.map(({ name, value }) => ({ name, value: redactor.named(name, value) })) }),
      ...(node.work === undefined ? {} : { work: clean(node.work) }),
    })),
    roots: tree.roots.map(root),
    ...(tree.tasks === undefined
      ? {}
      : {
          tasks: tree.tasks.map((task) => ({
            ...task,
            ...clean({ waitsFor: task.waitsFor, ...(task.work === undefined ? {} : { work: task.work }) }),
          })),
        }),
    ...(tree.requests === undefined ? {} : { requests: clean(tree.requests) }),
    ...(tree.unreadAnswers === undefined ? {} : { unreadAnswers: clean(tree.unreadAnswers) }),
    ...(tree.sessions === undefined ? {} : { sessions: clean(tree.sessions) }),
  }
}
