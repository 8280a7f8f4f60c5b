/**
 * Endless loops of the script that the process was started with, of which nothing is left: no function of it waits or runs
 * in any look. What it waited for was collected together with it, or an error ended it; a later look has no other trace.
 */
import path from 'node:path'
import type { CodePlace } from '../model/await.js'
import type { Evidence, Look } from '../model/evidence.js'
import { scriptOf } from '../platform/runtime/node-options.js'
import { endlessLoops } from '../source/endless-loops.js'
import { readSource } from '../source/excerpt.js'
import { changedSince } from './changed-since.js'

/** Younger, it may not have come to its loop. */
const STARTED_MS = 5_000
const MAX_LOOPS = 3
/** A bundle is larger, and has the loops of packages as well. */
const MAX_BYTES = 256 * 1024

/** @param root prefix of every path: `/proc/PID/root` from outside, nothing inside */
export function lostLoopsOf({ process, looks }: Evidence, root: string, nowMs = Date.now()): readonly CodePlace[] {
  const startedMs = Date.parse(process.startTime)
  if (!(nowMs - startedMs > STARTED_MS) || !looks.every(isWhole)) return []
  const script = scriptOf(process.argv.slice(1))
  const file = script === null || process.cwd === null ? null : path.resolve(process.cwd, script)
  const source = file === null ? null : readSource(`${root}${file}`, MAX_BYTES)
  if (file === null || source === null || changedSince(process, source)) return []
  const text = source.bytes.toString('utf8')
  return endlessLoops(text)
    .map((loop): CodePlace => ({ function: loop.function, file, ...lineOf(text, loop.at) }))
    .filter((place) => !looks.some((look) => hasTraceOf(place, look)))
    .slice(0, MAX_LOOPS)
}

/** Where functions may have been missed, what seems gone was only not read. */
function isWhole({ awaits, threads }: Look): boolean {
  return awaits?.engine === 'memory' && awaits.cutShort !== true && awaits.unsettled !== true && threads !== null
}

function hasTraceOf(place: CodePlace, { awaits, threads }: Look): boolean {
  const isIt = (at: { readonly function: string | null; readonly file: string | null }): boolean =>
    at.file === place.file && (at.function === null || place.function === null || at.function === place.function)
  return (
    (awaits?.awaits ?? []).some((node) => isIt(node) || node.awaitedBy.some(isIt)) ||
    (threads ?? []).some(({ frames }) => frames.some(isIt))
  )
}

function lineOf(text: string, at: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, at)
  return { line: before.split('\n').length, column: at - before.lastIndexOf('\n') }
}
