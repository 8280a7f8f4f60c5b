/** The page of an incident, on disk: there whole, for its owner only. */
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { checkBundle } from '../export/check-bundle.js'
import { pageOf } from '../export/page/page-of-bundle.js'
import { recoverBundle } from '../export/recover-bundle.js'
import type { Bundle } from '../incident/bundle-reader.js'
import { toDiskError } from '../incident/disk-error.js'
import { printable } from '../model/printable.js'
import { StallError } from '../model/stall-error.js'
import { printLine } from './output.js'

/** The page has what is whole: what is not is told, so that nobody takes the page for all of it. */
export function openWhole(folder: string): Bundle {
  const { bundle, fault } = recoverBundle(folder)
  const { problems } = checkBundle(folder)
  for (const { artifact, message } of problems) {
    printLine(`conductor-diag: ${printable(artifact)} ${printable(message)} (ERR_STALL_BUNDLE_CORRUPT)`)
  }
  if (fault !== null || problems.length > 0) printLine('  The page has what is whole.')
  return bundle
}

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
    throw new StallError(code, message, { cause: thrown, help: '-o FILE names another place, -o - is stdout.' })
  }
}
