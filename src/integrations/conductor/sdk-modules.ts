/** Where the SDK is, as a module: as it is required, in the cache of those that were, or by the URL it was imported from. */
import { existsSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { loadedModules, onRequire } from '../modules/on-require.js'

const NAME = '@io-orkes/conductor-javascript'
const COMMONJS_FILE = /[\\/]@io-orkes[\\/]conductor-javascript[\\/]dist[\\/](?:agents[\\/])?index\.js$/

/** `agents`: the entry point of SDK 4 that has its own copy of all classes. */
export type SdkEntry = 'sdk' | 'agents'

/** Calls back with the exports each time the SDK is required. */
export function onSdkRequire(found: (exports: unknown) => void): void {
  onRequire('conductor-javascript', found)
}

/** Exports of every copy that was required so far. */
export function loadedSdks(): unknown[] {
  return loadedModules(COMMONJS_FILE)
}

/**
 * The ES module's namespace, by the URL that an import from the entry point resolves to; null when it has none.
 * Only called once polls were seen: it is loaded already then, unless it sits in a bundle beside an installed copy.
 */
export async function importedSdk(entry: SdkEntry): Promise<unknown> {
  try {
    const file = moduleFile(entry)
    return file === null ? null : await import(pathToFileURL(file).href)
  } catch {
    // Not installed, not resolvable from here, or not readable: the polls on the wire stay the clock.
    return null
  }
}

function moduleFile(part: SdkEntry): string | null {
  const entry = process.argv[1]
  // A bin is a symbolic link, and imports resolve from where it points to.
  const from = entry === undefined ? path.join(process.cwd(), 'entry') : realpathSync(entry)
  const commonjs = createRequire(from).resolve(part === 'agents' ? `${NAME}/agents` : NAME)
  const file = path.join(path.dirname(commonjs), 'index.mjs')
  return existsSync(file) ? file : null
}
