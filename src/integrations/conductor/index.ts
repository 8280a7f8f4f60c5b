/**
 * `@io-orkes/conductor-javascript` without a change to the user's code.
 *
 * As CommonJS the SDK is seen when it is loaded. As an ES module it is not: the loader's hooks would cost a thread on
 * Node 20, and a detour for every module of the application on later ones. Instead the first poll on the wire says
 * that an SDK is at work; importing the same URL then gives the module that runs already, and its prototypes can be
 * patched late, since the loop looks its methods up in every iteration. Until a poller shows itself, and for an SDK
 * inside a bundle for ever, the polls on the wire are the clock: a weaker one, and called so.
 */
import type { ClockSource } from '../../heartbeat/clock-board.js'
import { safely } from '../guard/safely.js'
import { HttpPolls } from './http-polls.js'
import { watchLostLoops } from './lost-loops.js'
import { importedSdk, loadedSdks, onRequire } from './sdk-modules.js'
import { SdkHook } from './sdk-hook.js'

export function installConductor(clocks: ClockSource): void {
  const lostLoops = watchLostLoops()
  const hook = new SdkHook(clocks, (beat) => {
    polls.hasPoller(beat)
    lostLoops.add(beat)
  })
  const polls = new HttpPolls(clocks, () => {
    if (patchLoaded(hook)) return
    void importedSdk().then((sdk) => safely(() => hook.patch(sdk)))
  })
  safely(() => patchLoaded(hook))
  safely(() => onRequire((exports) => void hook.patch(exports)))
  safely(() => polls.subscribe())
}

function patchLoaded(hook: SdkHook): boolean {
  return loadedSdks()
    .map((exports) => hook.patch(exports))
    .includes(true)
}
