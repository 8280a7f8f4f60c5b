/**
 * The last thread of a process that the watchdog ends: it writes the tombstone, so that a disk that hangs can't keep
 * the watch thread from its work, and it can end the process through the inspector where `_exit` can't be had.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { bundleDirectories } from '../../incident/directory.js'
import { writeTombstone } from '../../incident/tombstone.js'
import type { Tombstone } from '../../model/incident.js'
import { StallError } from '../../model/stall-error.js'
import { sayLastWords } from './last-words.js'
import { exitThroughInspector } from './inspector-exit.js'

export interface EndThreadData {
  readonly tombstone: Tombstone
  /** The setting `dir`. */
  readonly dir: string | null
  /** One line for whoever restarts it, and the file for it; null: nobody asks. */
  readonly lastWords: { readonly text: string; readonly file: string } | null
}

/** To it: end the process, or say that it can't be ended so. */
export interface EndNow {
  readonly exitCode: number
}

/** From it. `file` null: no folder took the tombstone. */
export type EndStep =
  | { readonly type: 'buried'; readonly file: string | null; readonly problem: string | null }
  | { readonly type: 'cannot-end'; readonly why: string }

const { tombstone, dir, lastWords } = workerData as EndThreadData
const directories = bundleDirectories(process.env, dir)

function bury(how: Tombstone['how']): EndStep {
  const written = writeTombstone(directories, { ...tombstone, how })
  return written instanceof StallError
    ? { type: 'buried', file: null, problem: `no tombstone could be written: ${written.message}` }
    : { type: 'buried', file: written, problem: null }
}

function say(word: EndStep): void {
  parentPort?.postMessage(word)
}

parentPort?.on('message', ({ exitCode }: EndNow) => {
  exitThroughInspector(exitCode, (why) => {
    // The next boot is told how it really ended.
    bury('sigkill')
    say({ type: 'cannot-end', why })
  })
})
const buried = bury(tombstone.how)
const unsaid = lastWords === null ? null : sayLastWords(lastWords.file, lastWords.text)
say(
  unsaid === null || buried.type !== 'buried' || buried.problem !== null
    ? buried
    : { ...buried, problem: `${lastWords?.file} could not be written: ${unsaid}` },
)
