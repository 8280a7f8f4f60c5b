/**
 * What each thread is for, by the function it started in. Names (comm) are no proof: Node 20 gives none, and later
 * ones are the program's to change.
 */
import type { ThreadRole } from '../../model/thread.js'
import { demangle } from '../../platform/elf/demangle.js'
import type { ElfFile } from '../../platform/elf/elf-file.js'
import type { FunctionSymbol } from '../../platform/elf/elf-symbols.js'
import { POOL_FILE } from '../layouts/libuv.js'
import type { CodeMap } from '../process/code-map.js'
import type { NativeProcess } from '../process/native-process.js'

export interface ThreadPurpose {
  readonly tid: number
  readonly role: ThreadRole
  /** Demangled start routine; null when unknown. */
  readonly startedIn: string | null
  /** For role `library`. */
  readonly library?: string
}

/**
 * Start routines of Node and libuv, demangled: deps/uv/src/threadpool.c `worker`, src/node_platform.cc
 * `PlatformWorkerThread` and `DelayedTaskScheduler::Start`, src/inspector_agent.cc `StartIoThreadMain`,
 * src/inspector_io.cc `InspectorIo::ThreadMain`, src/node_worker.cc `Worker::StartThread`.
 */
const ROLES: readonly (readonly [RegExp, ThreadRole])[] = [
  [/^worker$/, 'pool'],
  [/(^|::)Worker::StartThread(::|$)/, 'worker'],
  [/PlatformWorkerThread$/, 'v8-platform'],
  [/DelayedTaskScheduler::Start(::|$)/, 'v8-delayed'],
  [/StartIoThreadMain$/, 'signal-inspector'],
  [/InspectorIo::ThreadMain$/, 'inspector-io'],
]

/** All functions of a binary that a role is known for, for the shipped tables. @public */
export function findThreadStarts(elf: ElfFile): FunctionSymbol[] {
  const starts = elf.symbols.withPrefix('', Number.POSITIVE_INFINITY).filter(({ name, kind, file }) => {
    // The pool's is the only one with a name that others may have.
    if (kind !== 'function' || (name === 'worker' && file !== POOL_FILE)) return false
    const startedIn = demangle(name)
    return ROLES.some(([pattern]) => pattern.test(startedIn))
  })
  // Of several names of one place the one that a search would find.
  return starts.flatMap(({ value }) => {
    const found = elf.symbols.nearest(value)
    return found === null ? [] : [{ name: found.name, value, sizeBytes: found.sizeBytes }]
  })
}

export function threadPurposes(native: NativeProcess, code: CodeMap): ThreadPurpose[] {
  const blocks = [...native.threads().byTid.values()]
  code.prepare(blocks.flatMap(({ startRoutine }) => (startRoutine > 0 ? [startRoutine] : [])))
  return blocks.map((block): ThreadPurpose => {
    if (block.tid === native.mainTid) return { tid: block.tid, role: 'main', startedIn: null }
    const place = block.startRoutine > 0 ? code.placeOf(block.startRoutine) : null
    if (place?.kind !== 'native') return { tid: block.tid, role: 'unknown', startedIn: null }
    const startedIn = place.offset === 0 ? place.function : null
    const role = startedIn === null ? undefined : ROLES.find(([pattern]) => pattern.test(startedIn))?.[1]
    if (place.path === native.path) return { tid: block.tid, role: role ?? 'unknown', startedIn }
    return { tid: block.tid, role: 'library', startedIn, library: place.path }
  })
}
