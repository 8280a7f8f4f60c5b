/**
 * An SDK that no module hook can see, since a bundler put it into the application's own file: the application hands its
 * exports over, `diagnostics_channel.channel('conductor-stall-agent:conductor-sdk').publish(sdk)`. With nobody subscribed
 * that costs next to nothing, and it needs no dependency.
 */
import { channel, subscribe } from 'node:diagnostics_channel'
import { safely } from '../guard/safely.js'

const SDK_CHANNEL = 'conductor-stall-agent:conductor-sdk'

export function listenForSdks(found: (exports: unknown) => void): void {
  subscribe(SDK_CHANNEL, (exports) => safely(() => found(exports)))
}

export function handOverSdk(exports: object): void {
  channel(SDK_CHANNEL).publish(exports)
}
