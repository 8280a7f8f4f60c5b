/** `paused-by-debugger`: an inspector session holds the main thread, or a ptrace debugger holds the process. */
import { blameFrames, placeText } from '../view/blame.js'
import { strong, type Candidate, type Sign } from '../view/candidate.js'
import { activityOfSymbol } from '../view/native-names.js'
import { pointerTo } from '../view/pointers.js'
import type { View } from '../view/view.js'

export function pausedByDebugger(view: View): readonly Candidate[] {
  const { main, last } = view
  if (main === null) return []
  const signs: Sign[] = []
  if (last.debugger === 'paused') signs.push(strong('an inspector session holds the main thread'))
  const native = main.last.frames.filter((frame) => frame.native).map((frame) => frame.function ?? '')
  if ([main.last.nativeCallee ?? '', ...native].some((name) => activityOfSymbol(name) === 'debugger')) {
    signs.push(strong("its stack ends in the inspector's message loop"))
  }
  const tracer = last.kernel?.tracerPid ?? 0
  const traced = tracer !== 0 && (main.kernel?.kernelState ?? '').startsWith('t')
  if (traced) signs.push(strong(`pid ${tracer} traces it and holds it (state t)`))
  if (signs.length === 0) return []
  const blame = blameFrames(main.scripts.at(-1) ?? [])
  const who = traced ? `the ptrace debugger with pid ${tracer}` : 'an inspector session'
  return [
    {
      kind: 'paused-by-debugger',
      cause: null,
      where: blame.where,
      chain: blame.chain,
      summary: `The main thread is held by ${who}${blame.where === null ? '' : ` in ${placeText(blame.where)}`}.`,
      evidence: pointerTo('threads', main.index),
      signs: signs.length === 1 ? [...signs, ...still(view)] : signs,
      refutedBy: 'A later look in which the thread has moved: then somebody is stepping.',
      nextStep: traced
        ? `Look what pid ${tracer} is, and let it detach.`
        : 'Resume in the debugger or close its connection; look for a forgotten breakpoint or debugger statement there.',
    },
  ]
}

function still(view: View): Sign[] {
  const { main } = view
  return main?.cpuShare != null && main.cpuShare < 0.02 ? [strong('it used no CPU between the looks')] : []
}
