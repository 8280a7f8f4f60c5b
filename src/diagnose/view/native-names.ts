/**
 * What native code does, told by names: C++ symbols, node's internal functions, an addon's path. Only names that were
 * seen to be the same on Node 20 to 26 are matched; a name that is not here says nothing.
 */
import type { Frame } from '../../model/frame.js'

export type NativeActivity =
  | 'regexp'
  | 'json'
  | 'crypto'
  | 'zlib'
  | 'sqlite'
  | 'addon'
  | 'child-process'
  | 'futex'
  | 'file'
  | 'debugger'
  | 'gc'

/** Symbols and N-API callees, demangled or not. Order matters: the first that fits wins. */
const SYMBOLS: readonly (readonly [RegExp, NativeActivity])[] = [
  [/runMessageLoopOnPause|WaitForFrontendEvent|V8Debugger.*handleProgramBreak/, 'debugger'],
  [/SyncProcessRunner|spawnSync|spawn_sync/i, 'child-process'],
  [/Atomics_?Wait|AtomicsWait|FutexEmulation/, 'futex'],
  [
    /Irregexp|^RegExp:|RegExp(?:Impl|Prototype|Exec|Match|Replace|Split|Search|Test)|NativeRegExpMacroAssembler/,
    'regexp',
  ],
  [/Json(?:Parser|Stringifier|Stringify|Parse)|JSON(?:Parse|Stringify|_parse|_stringify)|^JSON:/, 'json'],
  [/MarkCompact|Scaveng|Heap.*CollectGarbage|GCTracer|PerformGarbageCollection/, 'gc'],
  [/sqlite/i, 'sqlite'],
  [/StatementSync|DatabaseSync/, 'sqlite'],
  [/PBKDF2|Scrypt|HKDF|CryptoJob|crypto::|KeyGen|SignJob|HashJob|RandomBytes|DHBits|ECDH/, 'crypto'],
  [/Zlib|Brotli|Zstd|Gzip|Deflate|Inflate|CompressionStream/, 'zlib'],
  [/\.node$/, 'addon'],
]

/** JavaScript of node's that does nothing but call into native code of one kind. */
const NODE_MODULES: readonly (readonly [RegExp, RegExp, NativeActivity])[] = [
  [/^node:(?:internal\/)?child_process$/, /[Ss]ync$/, 'child-process'],
  [/^node:internal\/crypto\//, /.*/, 'crypto'],
  [/^node:(?:internal\/)?zlib$/, /[Ss]ync/, 'zlib'],
  [/^node:fs$/, /Sync$/, 'file'],
  [/^node:internal\/fs\/(?:sync_write_stream|utils|read\/context)$/, /.*/, 'file'],
]

export function activityOfSymbol(name: string): NativeActivity | null {
  return SYMBOLS.find(([pattern]) => pattern.test(name))?.[1] ?? null
}

/** V8's builtins by the name that JavaScript knows them by: a frame of tier `builtin` without a file. */
const BUILTINS: Readonly<Record<string, NativeActivity>> = {
  test: 'regexp',
  exec: 'regexp',
  match: 'regexp',
  matchAll: 'regexp',
  search: 'regexp',
  replace: 'regexp',
  replaceAll: 'regexp',
  split: 'regexp',
  '[Symbol.match]': 'regexp',
  '[Symbol.matchAll]': 'regexp',
  '[Symbol.replace]': 'regexp',
  '[Symbol.search]': 'regexp',
  '[Symbol.split]': 'regexp',
  stringify: 'json',
  parse: 'json',
  wait: 'futex',
}

export function activityOfFrame(frame: Frame): NativeActivity | null {
  const { function: name, file } = frame
  if (!frame.native && frame.tier === 'builtin' && file === null && name !== null && Object.hasOwn(BUILTINS, name)) {
    return BUILTINS[name] ?? null
  }
  if (frame.native || frame.tier === 'builtin') {
    return (name === null ? null : activityOfSymbol(name)) ?? (file === null ? null : activityOfSymbol(file))
  }
  if (file === null) return name === null ? null : pseudoActivity(name)
  return NODE_MODULES.find(([module, fn]) => module.test(file) && fn.test(name ?? ''))?.[2] ?? null
}

/** Code without a file: V8's profiler names a regular expression `RegExp: source`. */
function pseudoActivity(name: string): NativeActivity | null {
  if (name.startsWith('RegExp:')) return 'regexp'
  return null
}

/**
 * What the innermost part of a stack does: native frames and node's own wrappers above the first frame of other code.
 * `callee` is the engine's word for the native function that the innermost JavaScript frame called.
 */
export function activityAbove(frames: readonly Frame[], callee: string | undefined): NativeActivity | null {
  const named = callee === undefined ? null : activityOfSymbol(callee)
  if (named !== null && named !== 'addon') return named
  for (const frame of frames) {
    const activity = activityOfFrame(frame)
    if (activity !== null) return activity
    const ownJavaScript =
      !frame.native && frame.tier !== 'builtin' && frame.file !== null && !frame.file.startsWith('node:')
    if (ownJavaScript) break
  }
  return named
}
