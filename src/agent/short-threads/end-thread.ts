/**
 * The last thread of a process that the watchdog ends: it writes the tombstone, so that a disk that hangs can't keep
 * the watch thread from its work, and it can end the process through the inspector where `_exit` can't be had.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { bundleDirectories } from '../../incident/directory.js'
import { writeTombstone } from '../../incident/tombstone.js'
import type { Tombstone } from '../../model/incident.js'
import { StallError } from '../../model/stall-error.js'
import { writeTerminationNote } from './termination-note.js'
import { exitThroughInspector } from './inspector-exit.js'

export interface EndThreadData {
  readonly tombstone: Tombstone
  /** The setting `dir`. */
  readonly dir: string | null
  /** One line for whoever restarts it, and the file for it; null: nobody asks. */
  readonly terminationNote: { readonly text: string; readonly file: string } | null
}

/** To it: end the process, or say that it can't be ended so. */
export interface EndNow {
  readonly exitCode: number
}

/** From it. `file` null: no folder took the tombstone. */
export type EndStep =
  | { readonly type: 'tombstone'; readonly file: string | null; readonly problem: string | null }
  | { readonly type: 'cannot-end'; readonly why: string }

const { tombstone, dir, terminationNote } = workerData as EndThreadData
const directories = bundleDirectories(process.env, dir)

function leaveTombstone(how: Tombstone['how']): EndStep {
  const written = writeTombstone(directories, { ...tombstone, how })
  return written instanceof StallError
    ? { type: 'tombstone', file: null, problem: `no tombstone could be written: ${written.message}` }
    : { type: 'tombstone', file: written, problem: null }
}

function say(word: EndStep): void {
  parentPort?.postMessage(word)
}

parentPort?.on('message', ({ exitCode }: EndNow) => {
  exitThroughInspector(exitCode, (why) => {
    // The next boot is told how it really ended.
    leaveTombstone('sigkill')
    say({ type: 'cannot-end', why })
  })
})
const left = leaveTombstone(tombstone.how)
const unsaid = terminationNote === null ? null : writeTerminationNote(terminationNote.file, terminationNote.text)
say(
  unsaid === null || left.type !== 'tombstone' || left.problem !== null
    ? left
    : { ...left, problem: `${terminationNote?.file} could not be written: ${unsaid}` },
)
