/**
 * Why the process was ended, where Kubernetes looks for it: `kubectl describe pod` shows this file. The kubelet makes it;
 * it is never made here, and nothing but a regular file is written.
 */
import { closeSync, constants, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs'

/** The kubelet takes no more. */
const MAX_BYTES = 4096

/** @returns why not, half a sentence; null when it is written, or nobody wants it */
export function writeTerminationNote(file: string, text: string): string | null {
  let fd: number
  try {
    // Non-blocking: a FIFO in this place must not hold the end of the process.
    fd = openSync(file, constants.O_WRONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : String(thrown)
    // Not there: this is no pod. Under Node's permission model nobody may even see that.
    return code === 'ENOENT' || code === 'ERR_ACCESS_DENIED' ? null : code
  }
  try {
    if (!fstatSync(fd).isFile()) return 'it is not a regular file'
    ftruncateSync(fd)
    writeSync(fd, Buffer.from(`${text}\n`).subarray(0, MAX_BYTES))
    return null
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown)
  } finally {
    closeSync(fd)
  }
}
