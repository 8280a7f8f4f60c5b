/**
 * Waits that only streams of this process lead to: the callback of a pipeline, the end of an archive, a write. Nothing in
 * the world outside will bring it, and the streams' own states say why: one of them is not read, does not call back, or is
 * not ended.
 */
import type { UnreadStream, WaitFacts, WaitOf } from '../../model/wait.js'
import type { Tagged } from '../../v8/heap/heap.js'
import type { Objects } from '../../v8/objects/objects.js'
import { isGuardClass } from '../resources/resources.js'
import { failedSource, pipedInto, sourcesOf } from '../resources/piped.js'
import { heldBy, isReadBeside, type HeldStream, isOver, isStream, isUnended } from '../resources/stream-states.js'
import { objectOf, stepsDown, type Finding, type StepKey } from '../search/wait-search.js'
import type { JudgeContext } from './judge-context.js'

const MAX_STREAMS = 60

/**
 * The stream that holds the wait up; null when none is on the way, or none says why.
 *
 * @param guard a way from a timer to the promise: one that leads through the stream is what calls its write back
 */
export function streamWait(
  context: JudgeContext,
  finding: Finding,
  judged: WaitFacts,
  guard: Finding | null,
): WaitOf<'stream'> | null {
  if (!isOpen(judged)) return null
  const { objects } = context
  const root = finding.ends.find(({ kind }) => kind === 'root')
  const isLeft = judged.kind === 'nothing' || (judged.kind === 'unknown' && judged.why === 'no-settler')
  // What a variable of the program leads to may be settled through it, unless a stream lies in between.
  // So it is where one of several streams is over: the others of a chain go on without it.
  const isAlone = root !== undefined && judged.over === undefined
  const streams = !isAlone
    ? streamsOn(objects, finding)
    : streamsAmong(objects, stepsDown(finding, root.key).toReversed())
  const doubt = judged.unproved === undefined ? {} : { unproved: judged.unproved }
  const way = root === undefined || judged.parts === undefined ? {} : { parts: judged.parts }
  for (const stream of new Set(streams.flatMap((each) => sourcesOf(context, each)))) {
    const held = heldBy(objects, stream)
    if (held === null) continue
    if (held.hold !== undefined && [finding, guard].some((each) => isTimed(context, each, held.object))) continue
    return {
      kind: 'stream',
      owner: held.stream,
      ...(held.hold === undefined ? {} : { hold: held.hold }),
      ...(held.unread === undefined ? {} : { unread: readSlowly(objects, finding, held, held.unread) }),
      ...doubt,
      ...way,
    }
  }
  const open = isLeft ? streams.find((stream) => isUnended(objects, stream)) : undefined
  if (open !== undefined) return { ...unended(context, open), ...doubt }
  const waited = streams[0]
  if (waited === undefined || judged.event !== 'finish' || judged.over !== undefined) return null
  if ([finding, guard].some((each) => isTimed(context, each, waited)) || !isUnended(objects, waited)) return null
  // A variable of the program leads to it, so somebody may end it later.
  const missing = unended(context, waited)
  return missing.hold === undefined ? null : { ...missing, ...way }
}

/** A stream of the web's with a reader on the other side of its pair: that one takes it in its own time. */
function readSlowly(objects: Objects, finding: Finding, { object }: HeldStream, unread: UnreadStream): UnreadStream {
  if (isStream(objects, object)) return unread
  const isRead = [object, ...[...finding.steps.keys()].map(objectOf)].some((each) => isReadBeside(objects, each))
  return isRead ? { ...unread, paused: true } : unread
}

/** Whether a timer leads to the promise through the stream: its write is slow, and will be called back. */
function isTimed({ objects }: JudgeContext, finding: Finding | null, stream: Tagged): boolean {
  if (finding === null) return false
  const state = objects.getObject(stream, ['_writableState'])
  return finding.ends.some(({ key, kind }) => {
    if (kind !== 'resource' || !isGuardClass(objects.className(objectOf(key)))) return false
    const way = stepsDown(finding, key).map(objectOf)
    return way.includes(stream) || way.includes(state)
  })
}

/** The stream that nobody ends, by what is piped into it. */
function unended(context: JudgeContext, stream: Tagged): WaitOf<'stream'> {
  const { objects } = context
  const source = sourcesOf(context, stream).at(-1) ?? stream
  const failed = failedSource(context, source)
  const owner = objects.className(source) || 'a stream'
  if (source !== stream && !isUnended(objects, source)) return { kind: 'stream', data: true, owner }
  return {
    kind: 'stream',
    owner,
    hold: 'unended',
    ...(failed === 0 ? {} : { failedSource: objects.className(failed) || 'a stream' }),
  }
}

/**
 * A file that is written and waits for its end, or one that is read and goes on when what it feeds takes more: what holds it
 * up is in this process. Null where nothing says so, as while its source is alive.
 */
export function fileStreamHeld(context: JudgeContext, stream: Tagged): Partial<WaitOf<'stream'>> | null {
  const { objects } = context
  const held = heldBy(objects, stream)
  if (held?.unread !== undefined) return { owner: held.stream, unread: held.unread }
  if (!isUnended(objects, stream)) return null
  const failed = failedSource(context, stream)
  return failed === 0 ? null : { hold: 'unended', failedSource: objects.className(failed) || 'a stream' }
}

/**
 * The body of what is being written to a connection, which nobody ends: then the peer waits for this process. Only what is
 * piped in as a part counts: a codec that a client pipes into its connection for good is never ended.
 */
export function bodyUnended(context: JudgeContext, socket: Tagged): WaitOf<'stream'> | null {
  const { objects } = context
  const part = pipedInto(context, socket).find(({ source, isPart }) => isPart && !isOver(objects, source))
  if (part === undefined) return null
  const source = sourcesOf(context, part.source).at(-1) ?? part.source
  const failed = failedSource(context, source)
  if (!isUnended(objects, source)) return null
  return {
    kind: 'stream',
    owner: objects.className(source) || 'a stream',
    hold: 'unended',
    isBody: true,
    ...(failed === 0 ? {} : { failedSource: objects.className(failed) || 'a stream' }),
  }
}

/** Nothing was found that could settle it but streams, or an emitter that has done with the event, maybe one of several. */
function isOpen(judged: WaitFacts): boolean {
  if (judged.kind === 'nothing') return true
  if (judged.kind === 'unknown') return judged.why === 'no-settler' || judged.why === 'held' || judged.why === 'entry'
  // A list of streams is no queue of those who wait.
  if (judged.kind === 'lock')
    return judged.holders === undefined && judged.links === undefined && judged.name === undefined
  return (judged.kind === 'stream' || judged.kind === 'emitter') && judged.fd === undefined && judged.path === undefined
}

/** Streams met on the way, nearest to the promise first. */
function streamsOn(objects: Objects, finding: Finding): readonly Tagged[] {
  const steps = [...finding.steps].flatMap(([key, step]) => (step === null ? [] : [{ key, depth: step.depth }]))
  return streamsAmong(
    objects,
    steps.toSorted((a, b) => a.depth - b.depth).map(({ key }) => key),
  )
}

function streamsAmong(objects: Objects, keys: readonly StepKey[]): readonly Tagged[] {
  return keys
    .map(objectOf)
    .filter((object) => objects.heap.is(object, 'JS_OBJECT'))
    .filter((object) => isStream(objects, object) || /^(?:Writable|Transform)Stream/.test(objects.className(object)))
    .slice(0, MAX_STREAMS)
}
