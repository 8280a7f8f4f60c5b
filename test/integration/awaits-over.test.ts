/** Waits for an event that can never come, because its emitter is over, beside those that may still come. */
import { describe, it } from 'vitest'
import { NODES } from '../support/nodes.js'
import { expectTold, type Expected } from '../support/told-of-functions.js'

const EMITTERS: Expected = [
  ['linesOfNone', 'never-settles', /the event line of Interface, which is without input/],
  ['linesOfGone', 'never-settles', /the event line of Interface, which is without input/],
  ['linesOfClosed', 'never-settles', /the event line of Interface, which is closed/],
  ['linesOfOpen', 'stream', /data from Interface/],
  ['answerOfOpen', 'stream', /data from Interface/],
  ['answerOfClosed', 'never-settles', /the event line of Interface, which is closed/],
  ['itemsOfClosed', 'never-settles', /the event item of Feed, which is closed/],
  ['itemsOfOpen', 'unknown', /event item of Feed/],
  ['dataOfEnded', 'never-settles', /the event data of Readable, which is closed/],
  ['oneOfClosed', 'never-settles', /the event item of Feed, which is closed/],
  // Its resolver is held by another object too.
  ['orByHand', 'unknown', /waits for something that was not found/],
]

const PORTS: Expected = [
  ['answerOfClosedPort', 'never-settles', /the event message of MessagePort, which is closed/],
  ['handlerOfClosedPort', 'never-settles', /the event message of MessagePort, which is closed/],
  ['answerOfOpenPort', 'thread-message', /a message from worker thread/],
  ['priceOfClosed', 'never-settles', /the event message of BroadcastChannel, which is closed/],
  ['priceOfOpen', 'thread-message', /a message from worker thread/],
  ['answerOfEnded', 'never-settles', /the event message of Worker, which is over \(its thread has ended\)/],
  ['answerOfAlive', 'thread-message', /a message from worker thread/],
]

const PROGRAM_FILES = [
  ['over.cjs', EMITTERS],
  ['over-ports.cjs', PORTS],
] as const

describe.each(NODES)('what is over, on Node $major', (node) => {
  it.each(PROGRAM_FILES)(
    'is told as what can never emit the event, and what is open is not: %s',
    async (file, expected) => await expectTold(node, file, expected),
  )
})
