/**
 * Calibration: learns the layout of a V8 that no table describes, by starting the target's own binary once with a
 * small script that blocks under a stack of known names, and reading that process. The rules, all of them checked
 * here or by the caller: never from inside the worker; never as another user than the target's; an empty environment;
 * only a binary that is plainly node, since a single-executable application would start the application again. Two
 * runs must agree, and the learnt layout must read the known stack back exactly, with lines and columns: otherwise
 * the layout stays unknown.
 */
import type { Address } from '../../model/address.js'
import type { ElfFile } from '../../platform/elf/elf-file.js'
import { openLiveMemory } from '../../platform/memory/live-memory.js'
import { readRawSyscall } from '../../platform/procfs/syscall.js'
import { syscallName } from '../../platform/procfs/syscall-names.js'
import { openNativeProcess } from '../../native/process/native-process.js'
import { isolatesByThread } from '../../native/thread/thread-isolate.js'
import { V8Heap } from '../heap/heap.js'
import { findIsolates } from '../heap/isolates.js'
import { StackReader } from '../stack/thread-stack.js'
import { layoutsOfElf, layoutUnknown } from '../layouts/binary.js'
import { learnLayout } from './learn.js'
import type { V8Layout } from '../layouts/layout.js'

/** Lines and columns of this text are what the learnt layout has to read back. */
const PROBE = `'use strict'
const fs = require('fs')
function stallProbeLeaf() {
  try { fs.readSync(0, Buffer.alloc(1), 0, 1, null) } catch {}
}
function stallProbeReviver(key, value) {
  if (key === 'a') stallProbeLeaf()
  return value
}
function stallProbeTop() {
  JSON.parse('{"a":1}', stallProbeReviver)
}
stallProbeTop()
`
const EXPECTED = ['stallProbeLeaf 4:12', 'stallProbeReviver 7:20', 'stallProbeTop 11:8'] as const
const NAMES = ['stallProbeLeaf', 'stallProbeReviver', 'stallProbeTop'] as const

const START_DEADLINE_MS = 5000
const POLL_MS = 4
const waitCell = new Int32Array(new SharedArrayBuffer(4))

/**
 * Synchronous; about a second. `path` is started twice.
 *
 * @throws StallError ERR_STALL_V8_LAYOUT_UNKNOWN when two runs disagree or the known stack does not come out
 */
export function calibrate(path: string, elf: ElfFile): V8Layout {
  const candidates = layoutsOfElf(elf)
  if (candidates.layouts.length === 0) throw layoutUnknown(path, candidates.why, candidates.v8)
  const first = learnFromRun(path, candidates.layouts)
  const second = first ? learnFromRun(path, candidates.layouts) : null
  if (!first || JSON.stringify(first) !== JSON.stringify(second)) {
    const why = first ? 'two calibration runs disagreed' : 'a process with a known stack could not be read back'
    throw layoutUnknown(path, why, candidates.v8)
  }
  return first
}

function learnFromRun(path: string, candidates: readonly V8Layout[]): V8Layout | null {
  const { spawn } = process.getBuiltinModule('node:child_process')
  const child = spawn(path, ['-e', PROBE], { stdio: ['pipe', 'ignore', 'ignore'], env: {}, cwd: '/' })
  // A binary that can't be started shows as a missing pid below.
  child.on('error', () => undefined)
  try {
    const sp = child.pid === undefined ? null : waitUntilBlocked(child.pid)
    if (child.pid === undefined || sp === null) return null
    const root = `/proc/${child.pid}`
    for (const candidate of candidates) {
      const layout = tryLayout(root, candidate, sp)
      if (layout) return layout
    }
    return null
  } finally {
    // Without a pid there is no process; libuv would take 0 for this process's whole group.
    if (child.pid !== undefined) child.kill('SIGKILL')
  }
}

/** Stack pointer once the probe sleeps in read(0, ...); null when it does not within the deadline. */
function waitUntilBlocked(pid: number): Address | null {
  const deadline = performance.now() + START_DEADLINE_MS
  while (performance.now() < deadline) {
    const raw = readRawSyscall(`/proc/${pid}`, pid)
    if (raw?.kind === 'blocked' && raw.number >= 0 && syscallName(raw.number) === 'read' && raw.args[0] === 0n)
      return raw.sp
    Atomics.wait(waitCell, 0, 0, POLL_MS)
  }
  return null
}

function tryLayout(root: string, candidate: V8Layout, sp: Address): V8Layout | null {
  const memory = openLiveMemory(root)
  try {
    const learnt = learnLayout(new V8Heap(memory, candidate), sp, NAMES, isolateOfMain(root))
    if (!learnt) return null
    const layout: V8Layout = {
      ...candidate,
      page: learnt.page,
      isolate: learnt.isolate,
      frame: { ...candidate.frame, nextExit: learnt.nextExit },
    }
    memory.flush()
    return readsBack(new V8Heap(memory, layout), root) ? layout : null
  } finally {
    memory.dispose()
  }
}

function isolateOfMain(root: string): Address | null {
  const memory = openLiveMemory(root)
  try {
    const native = openNativeProcess(root, memory)
    try {
      return isolatesByThread(native).get(native.mainTid) ?? null
    } finally {
      native.dispose()
    }
  } catch {
    // Stripped, or another C library: the distance from the version's table has to do.
    return null
  } finally {
    memory.dispose()
  }
}

function readsBack(heap: V8Heap, root: string): boolean {
  const [isolate] = findIsolates(heap)
  if (!isolate) return false
  const pid = Number(root.split('/').at(-1))
  const look = new StackReader(heap).read(isolate.address, { registers: () => readRawSyscall(root, pid) })
  if (look.kind !== 'exact') return false
  const lines = look.frames.map((frame) => `${frame.function} ${frame.line}:${frame.column}`)
  const start = lines.indexOf(EXPECTED[0])
  const own = lines.slice(start).filter((line) => line.startsWith('stallProbe'))
  return start >= 0 && EXPECTED.every((line, index) => own[index] === line)
}
