/** Where a recording is written: asked before it starts, and never lost for want of that place at its end. */
import { accessSync, constants, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { StallError } from '../model/stall-error.js'
import { printLine } from './output.js'

/**
 * @param file as `-o` names it; without one, this folder is asked about.
 * @throws StallError ERR_STALL_USAGE when a profile could not be written there.
 */
export function assertWritable(file: string | undefined): void {
  try {
    const known = file === undefined ? undefined : statSync(file, { throwIfNoEntry: false })
    if (known?.isDirectory()) throw unwritable(`${file} is a folder`)
    const place = known && file !== undefined ? file : path.dirname(path.resolve(file ?? 'x'))
    if (!known && !statSync(place, { throwIfNoEntry: false })?.isDirectory()) {
      throw unwritable(`there is no folder ${place}`)
    }
    accessSync(place, known ? constants.W_OK : constants.W_OK | constants.X_OK)
  } catch (thrown) {
    throw thrown instanceof StallError ? thrown : unwritable(reasonOf(thrown), thrown)
  }
}

function unwritable(why: string, cause?: unknown): StallError {
  return new StallError('ERR_STALL_USAGE', `the profile could not be written: ${why}`, {
    help: '-o needs a file in a writable folder, or - for stdout',
    ...(cause === undefined ? {} : { cause }),
  })
}

/**
 * Writes a profile for its owner only; where that fails (a disk that is full by now), into the folder for temporary
 * files under `name`, and says so. Returns where it is.
 *
 * @throws StallError ERR_STALL_DIR_UNWRITABLE when it can be written nowhere.
 */
export function writeProfile(file: string, content: string | Uint8Array, name: string): string {
  try {
    // Under a name of ours nothing is replaced, and no link followed that somebody put there: it can be foretold.
    writeFileSync(file, content, { mode: 0o600, flag: file === name ? 'wx' : 'w' })
    return file
  } catch (cause) {
    const spare = path.join(tmpdir(), name)
    try {
      // A file that is there already is somebody else's: that folder is everybody's.
      writeFileSync(spare, content, { mode: 0o600, flag: 'wx' })
      printLine(`conductor-diag: ${whyElsewhere(file, cause)}; the profile is in ${spare}`)
      return spare
    } catch (again) {
      throw new StallError('ERR_STALL_DIR_UNWRITABLE', `the profile could not be written: ${reasonOf(again)}`, {
        help: 'record again with -o - > FILE',
        cause: again,
      })
    }
  }
}

/** Half a sentence: what became of the place that was meant. */
export function whyElsewhere(file: string, cause: unknown): string {
  const { code } = cause as NodeJS.ErrnoException
  if (code === 'EEXIST') return `${file} is there already, and is kept (-o names another file)`
  return `${file} could not be written: ${reasonOf(cause)}`
}

function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
