/** `stopped`: no thread of the process may run, by a signal or by the freezer. Seen from outside only. */
import { strong, weak, type Candidate, type Sign } from '../view/candidate.js'
import { pointerTo } from '../view/pointers.js'
import type { View } from '../view/view.js'

const FREEZER_WAITS = /^(?:__refrigerator|do_freezer_trap|cgroup_freez)/

export function stopped(view: View): readonly Candidate[] {
  const { main, evidence } = view
  const kernel = view.last.kernel
  if (main === null || evidence.from === 'inside') return []
  const wchan = main.last.wchan ?? main.kernel?.wchan ?? ''
  const frozen = kernel?.cgroup?.frozen === true
  const inFreezer = FREEZER_WAITS.test(wchan)
  if (frozen || inFreezer) {
    const signs: Sign[] = []
    if (frozen) signs.push(strong(`its cgroup ${kernel?.cgroup?.path ?? ''} is frozen`))
    if (inFreezer) signs.push(strong(`its main thread waits in the freezer (${wchan})`))
    return [
      {
        ...BASE,
        cause: 'frozen',
        summary: `The process is frozen by its control group${frozen ? ` ${kernel?.cgroup?.path ?? ''}` : ''}: no thread of it may run.`,
        evidence: pointerTo('threads', main.index),
        signs,
        nextStep:
          'Thaw it: echo THAWED > freezer.state (version 1) or echo 0 > cgroup.freeze (version 2), docker unpause; then ask who froze it.',
      },
    ]
  }
  const state = main.kernel?.kernelState ?? (main.last.state === 'stopped' ? 'T' : '')
  if (!state.startsWith('T') || (kernel?.tracerPid ?? 0) !== 0) return []
  const signs: Sign[] = [strong('its main thread is in state T, stopped')]
  if (kernel?.threads.every((thread) => thread.kernelState.startsWith('T')) === true) {
    signs.push(weak('so is every other thread'))
  }
  if (main.cpuShare !== null && main.cpuShare < 0.01) signs.push(weak('it used no CPU between the looks'))
  return [
    {
      ...BASE,
      cause: 'signal',
      summary: 'The process is stopped by a signal (SIGSTOP, SIGTSTP or the like): no thread of it may run.',
      evidence: pointerTo('threads', main.index),
      signs,
      nextStep: `Continue it: kill -CONT ${evidence.process.pid}; then look who stops it (a terminal's job control, a supervisor).`,
    },
  ]
}

const BASE = {
  kind: 'stopped',
  where: null,
  chain: [],
  refutedBy: 'Any thread of the process in another state.',
} as const
