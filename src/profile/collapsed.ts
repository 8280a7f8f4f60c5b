/** Stack samples as collapsed stacks, one a line with its count: what flamegraph.pl, inferno and speedscope read. */
import type { Frame } from '../model/frame.js'
import { frameName } from './frame-name.js'
import { printable } from '../model/printable.js'
import type { StackSamples } from '../model/samples.js'

export function toCollapsed(samples: StackSamples): string {
  const counts = new Map<string, number>()
  for (const { frames } of samples.samples) {
    const stack = frames.toReversed().map(nameOf).join(';')
    counts.set(stack, (counts.get(stack) ?? 0) + 1)
  }
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
