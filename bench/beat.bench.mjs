// What one beat costs the main thread.
import { PRELOAD, report, round } from './measure.mjs'

export const title = 'A beat'

export async function run() {
  const { net, medianNet } = await report('beat.cjs', { flags: ['--require', PRELOAD] })
  return [
    { what: 'best of 20 rounds, net of an empty loop', value: round(net), unit: 'ns', aim: 'at most 2', ok: net <= 2 },
    { what: 'median of the same', value: round(medianNet), unit: 'ns' },
  ]
}
