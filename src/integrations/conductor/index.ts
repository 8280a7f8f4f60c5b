/**
 * `@io-orkes/conductor-javascript` without a change to the user's code.
 *
 * As CommonJS the SDK is seen when it is loaded. As an ES module it is not: the loader's hooks would cost a thread on
 * Node 20, and a detour for every module of the application on later ones. Instead the first request to Conductor on
 * the wire says that an SDK is at work; importing the same URL then gives the module that runs already, and its
 * prototypes can be patched late, since the loop looks its methods up in every iteration. Until a poller shows itself,
 * and for an SDK inside a bundle that is not handed over for ever, the polls on the wire are the clock: a weaker one, and
 * called so.
 */
import type { ClockSource } from '../../heartbeat/clock-board.js'
import { safely } from '../guard/safely.js'
import { patchAgents } from './agents-entry.js'
import { HttpPolls } from './http-polls.js'
import { patchInlineRunner } from './inline-runner.js'
import { watchLostLoops } from './lost-loops.js'
import { listenForSdks } from './sdk-channel.js'
import { importedSdk, loadedSdks, onSdkRequire } from './sdk-modules.js'
import { SdkHook } from './sdk-hook.js'

export interface ConductorOptions {
  readonly taskStallMs: number
}

export function installConductor(clocks: ClockSource, { taskStallMs }: ConductorOptions): void {
  const lostLoops = watchLostLoops()
  const hook = new SdkHook(
    clocks,
    (beat) => {
      polls.hasPoller(beat.taskType, (waitMs) => beat.pollMayTake(waitMs))
      lostLoops.add(beat)
    },
    taskStallMs,
  )
  // Each of them knows its own by what it exports.
  const patch = (exports: unknown): boolean =>
    patchAgents(hook, exports) ||
    hook.patch(exports) ||
    patchInlineRunner(clocks, exports, (taskType) => polls.hasPoller(taskType, () => undefined))
  const polls = new HttpPolls(clocks, (entry) => {
    if (loadedSdks().map(patch).includes(true)) return
    void importedSdk(entry).then((exports) => safely(() => void patch(exports)))
  })
  safely(() => void loadedSdks().map(patch))
  safely(() => listenForSdks((exports) => void patch(exports)))
  safely(() => onSdkRequire((exports) => void patch(exports)))
  safely(() => polls.subscribe())
}
