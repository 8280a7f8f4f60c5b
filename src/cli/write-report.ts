/** The page of an incident, on disk: there whole, for its owner only. */
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { pageOf } from '../export/page/page-of-bundle.js'
import type { Bundle } from '../incident/bundle-reader.js'
import { toDiskError } from '../incident/disk-error.js'
import { StallError } from '../model/stall-error.js'

/** @throws StallError ERR_STALL_DIR_UNWRITABLE or ERR_STALL_DISK_FULL; nothing is left behind then. */
export function writeReport(bundle: Bundle, file: string): number {
  const page = pageOf(bundle)
  const writing = `${file}.writing`
  try {
    writeFileSync(writing, page, { mode: 0o600 })
    renameSync(writing, file)
    return Buffer.byteLength(page)
  } catch (thrown) {
    rmSync(writing, { force: true })
    const { code, message } = toDiskError(thrown, file)
    throw new StallError(code, message, { cause: thrown, help: '--out needs a file in a writable folder.' })
  }
}
