/**
 * What a program is, told by its binary alone: nothing is executed, no signal is sent. Symbols prove Node; a name
 * proves nothing (a script may call itself node, and a packaged application anything).
 */
import { StallError } from '../../model/stall-error.js'
import { readBuildTable } from '../elf/build-table.js'
import type { ElfFile } from '../elf/elf-file.js'
import type { ElfSymbol } from '../elf/elf-symbols.js'
import { identityOf, openShared, type SharedElf } from '../elf/shared-elf.js'
import { readExecutable } from '../procfs/process.js'
import { findNodeVersion, hasSingleExecutableNote } from './node-file.js'

export interface NodeRuntime {
  readonly kind: 'node'
  /** `v20.20.2`; null when the binary does not say. */
  readonly version: string | null
  /** `11.3.244.8`, null when the binary does not say. Without the suffix that Node adds to its own. */
  readonly v8: string | null
  readonly buildId: string | null
  /** An application packed into the binary: starting it would start the application. */
  readonly singleExecutable: boolean
  /** Path through which the file with Node's symbols can be opened: `/proc/PID/exe`, or a mapped libnode. */
  readonly file: string
}

export type Runtime = NodeRuntime | { readonly kind: 'bun' | 'deno' | 'electron' | 'other' }

/** node::Start(int, char**), src/node.h: there in every Node, also in libnode, and in no other program. */
const NODE_START = '_ZN4node5StartEiPPc'
/** Electron embeds Node without its main; rusty_v8's C interface; JavaScriptCore's. */
const MARKS = {
  electron: '_ZN8electron12NodeBindings20CreateNodeIsolateDataEv',
  nodeEmbedded:
    '_ZN4node16CreateEnvironmentEPNS_11IsolateDataEN2v85LocalINS2_7ContextEEERKSt6vectorINSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEESaISC_EESG_NS_16EnvironmentFlags5FlagsENS_8ThreadIdESt10unique_ptrINS_21InspectorParentHandleESt14default_deleteISM_EE',
  deno: 'v8__Isolate__New',
  bun: 'JSGlobalContextCreate',
} as const

/** Numbers in the read-only data (src/utils/version.h). */
const V8_VERSION = ['major', 'minor', 'build', 'patch'].map(
  (part) => `_ZN2v88internal7Version${part.length + 1}${part}_E`,
)

/** By device, inode and time of change: `ps` meets the same binary many times. */
const known = new Map<string, Runtime>()

export function recognizeFile(file: string): Runtime {
  const key = identityOf(file)
  const before = key === null ? undefined : known.get(key)
  if (before) return before.kind === 'node' ? { ...before, file } : before
  const runtime = inspectFile(file)
  if (key !== null) known.set(key, runtime)
  return runtime
}

function inspectFile(file: string): Runtime {
  let shared: SharedElf
  try {
    shared = openShared(file)
  } catch (thrown) {
    // A script's interpreter of another format, or an architecture of 32 bits: no Node that we could read.
    if (thrown instanceof StallError && thrown.code === 'ERR_STALL_ELF_INVALID') return { kind: 'other' }
    throw thrown
  }
  const { elf } = shared
  try {
    const table = elf.buildId === null ? null : readBuildTable(elf.buildId)
    const found = table === null ? elf.symbols.find([NODE_START, ...Object.values(MARKS), ...V8_VERSION]) : null
    if (found !== null && !found.has(NODE_START)) return { kind: otherKind(found, file) }
    return {
      kind: 'node',
      version: /^v\d+\.\d+\.\d+\S*/.exec(table?.build ?? '')?.[0] ?? findNodeVersion(file, elf),
      v8: found === null ? (/, V8 (\S+)$/.exec(table?.build ?? '')?.[1] ?? null) : v8VersionOf(elf, found),
      buildId: elf.buildId,
      singleExecutable: hasSingleExecutableNote(file),
      file,
    }
  } finally {
    shared.release()
  }
}

function v8VersionOf(elf: ElfFile, found: ReadonlyMap<string, readonly ElfSymbol[]>): string | null {
  const numbers = V8_VERSION.map((name) => {
    const symbol = found.get(name)?.[0]
    return symbol === undefined ? null : elf.readInt32(symbol.value)
  })
  return numbers.includes(null) ? null : numbers.join('.')
}

function otherKind(found: ReadonlyMap<string, unknown>, file: string): 'bun' | 'deno' | 'electron' | 'other' {
  if (found.has(MARKS.electron) || found.has(MARKS.nodeEmbedded)) return 'electron'
  if (found.has(MARKS.deno)) return 'deno'
  if (found.has(MARKS.bun)) return 'bun'
  // Both are shipped stripped of the marks above: then the file's name is all there is, and only names what we refuse.
  const name = readTargetName(file)
  return name === 'deno' || name === 'bun' ? name : 'other'
}

function readTargetName(file: string): string {
  const executable = file.endsWith('/exe') ? readExecutable(file.slice(0, -'/exe'.length)) : null
  return (executable?.path ?? file).split('/').at(-1) ?? ''
}
