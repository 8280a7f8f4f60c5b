/** `stall.heal` of a bundle from outside, before it is read. */
import { amount, list, none, or, record, text } from '../model/shape.js'

const MAX_STEPS = 50
const MAX_FRAMES = 1000

export const healShape = record({
  outcome: text,
  connection: record({ local: text, peer: text }),
  incident: text,
  steps: list(record({ atMs: amount, text }), MAX_STEPS),
  verdict: record({
    summary: text,
    where: or(record({ file: text, line: amount }), none),
    chain: list(record({}), MAX_FRAMES),
  }),
})
