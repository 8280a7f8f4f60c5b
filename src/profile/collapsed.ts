/** Stack samples as collapsed stacks, one a line with its count: what flamegraph.pl, inferno and speedscope read. */
import type { Frame } from '../model/frame.js'
import { frameName } from './frame-name.js'
import { printable } from '../model/printable.js'
import type { StackSample, StackSamples } from '../model/samples.js'

/** With worker threads each stack begins with its thread. */
export function toCollapsed({ samples, workers = [] }: StackSamples): string {
  const counts = new Map<string, number>()
  const count = (own: readonly StackSample[], thread: string): void => {
    for (const { frames } of own) {
      const stack = thread + frames.toReversed().map(nameOf).join(';')
      counts.set(stack, (counts.get(stack) ?? 0) + 1)
    }
  }
  count(samples, workers.length > 0 ? 'main_thread;' : '')
  for (const worker of workers) count(worker.samples, `worker_thread_${worker.tid};`)
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
  return printable(`${name}${place}`).replace(/[;\s]/g, '_')
}
