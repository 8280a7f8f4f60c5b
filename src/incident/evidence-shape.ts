/**
 * Whether `evidence.json` and `sources.json` have the shape that reports rely on. What lies deeper is read with care where
 * it is read; fields that nobody reads are not asked about, so that newer writers may add to them.
 */

import { amount, list, none, or, record, type Shape, text, yesOrNo } from '../model/shape.js'
import { healShape } from './heal-shape.js'

const source = record({ file: text, line: amount })
const isFrame: Shape = record({
  function: or(text, none),
  file: or(text, none),
  line: or(amount, none),
  column: or(amount, none),
  source: or(source, none),
})
const clock = record({
  name: text,
  ageMs: amount,
  beats: amount,
  inFlightMs: or(amount, none),
  lastSuccessMs: or(amount, none),
  slots: or(amount, none),
  slotsInUse: or(amount, none),
})

const identity = record({
  pid: amount,
  startTime: text,
  argv: list(text),
  cwd: or(text, none),
  node: or(text, none),
  executable: or(text, none),
  service: or(text, none),
  version: or(text, none),
  commit: or(text, none),
  hostname: text,
})
const stall = record({
  trigger: text,
  level: text,
  clock: or(text, none),
  ageMs: amount,
  thresholdMs: amount,
  noticedAt: amount,
  heal: or(healShape, none),
})
const cost = record({ pausedMs: amount, cpuMs: amount, wallMs: amount, memoryBytes: amount, endedOnAttach: yesOrNo })

const excerptLines = list(record({ line: amount, text, here: yesOrNo }))

/** `sources.json`. */
export const isSources: Shape = record({
  excerpts: list(record({ at: source, from: source, lines: or(excerptLines, none), changed: yesOrNo })),
})

const looks = list(
  record({
    takenAtMs: amount,
    clocks: or(list(clock), none),
    threads: or(list(record({ tid: amount, name: text, role: text, frames: list(isFrame) })), none),
    awaits: or(
      record({ awaits: list(record({ count: amount, awaitedBy: list(isFrame) })), roots: list(record({})) }),
      none,
    ),
    kernel: or(record({ sockets: list(record({ local: text, state: text })) }), none),
  }),
)

/** `evidence.json`, as far as reports read it without care of their own. */
export const isEvidence: Shape = record({
  process: identity,
  stall: or(stall, none),
  cost,
  looks,
  tasks: or(
    list(
      record({
        clock: text,
        taskId: text,
        ageMs: amount,
        responseTimeoutMs: or(amount, none),
        execute: or(isFrame, none),
      }),
    ),
    none,
  ),
  samples: or(
    record({ engine: text, missed: amount, samples: list(record({ atMs: amount, frames: list(isFrame) })) }),
    none,
  ),
  lostLoops: or(list(isFrame), none),
  profile: or(record({ hot: list(record({ function: text, file: text, share: amount })) }), none),
})
