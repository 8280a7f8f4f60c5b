/** Stack samples as collapsed stacks, one a line with its count: what flamegraph.pl, inferno and speedscope read. */
import type { Frame } from '../model/frame.js'
import { frameName } from './frame-name.js'
import { printable } from '../model/printable.js'
import type { StackSample, StackSamples } from '../model/samples.js'
import { MAIN_TRACK, trackName } from './track-name.js'

/** With worker threads each stack begins with its thread. */
export function toCollapsed({ samples, workers = [] }: StackSamples): string {
  const counts = new Map<string, number>()
  const count = (own: readonly StackSample[], thread: string | null): void => {
    const first = thread === null ? '' : `${asWord(thread)};`
    for (const { frames } of own) {
      const stack = first + frames.toReversed().map(nameOf).join(';')
      counts.set(stack, (counts.get(stack) ?? 0) + 1)
    }
  }
  count(samples, workers.length > 0 ? MAIN_TRACK : null)
  for (const worker of workers) count(worker.samples, trackName(worker))
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .map(([stack, count]) => `${stack} ${count}\n`)
    .join('')
}

/**
 * Semicolons part frames and a space the count: neither may be in a name. The line that ran would split one function
 * over its lines: only one without a name has it.
 */
function nameOf(frame: Frame): string {
  const name = frameName(frame)
  const place =
    frame.file === null ? '' : `@${frame.file}${frame.line === null || frame.function !== null ? '' : `:${frame.line}`}`
  return asWord(`${name}${place}`)
}

function asWord(text: string): string {
  return printable(text).replace(/[;\s]/g, '_')
}
