/** Queue libraries whose workers become heartbeats by themselves, as they are required. */
import type { ClockSource } from '../../heartbeat/clock-board.js'
import { onRequire } from '../modules/on-require.js'
import { patchBull } from './bull.js'
import { patchBullmq } from './bullmq.js'
import { patchKafkajs } from './kafkajs.js'
import { patchPgBoss } from './pg-boss.js'
import { patchSqsConsumer } from './sqs-consumer.js'

export function installQueues(clocks: ClockSource, { taskStallMs }: { readonly taskStallMs: number }): void {
  // `bull` is part of `bullmq` too: each knows its own by what it exports.
  onRequire('bull', (exports) => {
    patchBullmq(clocks, exports, taskStallMs)
    patchBull(clocks, exports, taskStallMs)
  })
  onRequire('sqs-consumer', (exports) => patchSqsConsumer(clocks, exports, taskStallMs))
  // As kafkajs asks for its own part.
  onRequire('./runner', (exports) => patchKafkajs(clocks, exports, taskStallMs))
  // As pg-boss asks for its own part.
  onRequire('./worker', (exports) => patchPgBoss(clocks, exports, taskStallMs))
}
