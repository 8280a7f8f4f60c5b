/**
 * V8's compiled code of the command line, kept from one run to the next where Node can do that (22.1 on): a start that
 * need not compile takes a fifth less. Code that is run must come from nobody else: the folder, and each above it up to
 * the user's cache, is ours alone, or there is no cache.
 */
import { lstatSync, mkdirSync } from 'node:fs'
import Module from 'node:module'
import { homedir } from 'node:os'
import path from 'node:path'

interface WithCompileCache {
  readonly enableCompileCache?: (folder: string) => unknown
}

/** Never throws: without a cache the start is only slower. A cache that the user has chosen is left to Node. */
export function useCompileCache(env: NodeJS.ProcessEnv): void {
  const { enableCompileCache } = Module as WithCompileCache
  if (!enableCompileCache || env['NODE_COMPILE_CACHE'] || env['NODE_DISABLE_COMPILE_CACHE']) return
  const folder = prepareCompileCache(env)
  if (folder !== null) enableCompileCache(folder)
}

/** `$XDG_CACHE_HOME/conductor-stall-agent/compiled`, else under `~/.cache`; null where it can't be ours alone. */
export function prepareCompileCache(env: NodeJS.ProcessEnv, uid = process.geteuid?.()): string | null {
  const given = env['XDG_CACHE_HOME']
  try {
    // As root with another user's HOME (sudo): that user could change what root would run.
    let folder = given?.startsWith('/') ? given : path.join(env['HOME'] ?? homedir(), '.cache')
    for (const name of ['', 'conductor-stall-agent', 'compiled']) {
      folder = path.join(folder, name)
      makeFolder(folder)
      const { uid: owner, mode } = lstatSync(folder)
      const isFolder = (mode & 0o170000) === 0o040000
      if (!isFolder || owner !== uid || (mode & 0o022) !== 0) return null
    }
    return folder
  } catch {
    // No home, or none that can be written.
    return null
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown
  }
}
