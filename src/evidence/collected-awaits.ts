/**
 * An await that nothing can settle is garbage: the collector takes it, with the function that waits and all that await
 * it, and a later look has nothing to show for a loop that stands still. Where an earlier look of the same silence saw
 * it, it is kept in the later ones, and marked.
 */
import type { AwaitNode } from '../model/await.js'
import type { Look } from '../model/evidence.js'
import type { Frame } from '../model/frame.js'
import type { WaitsFor } from '../model/wait.js'
import { doubted } from '../report/wait/wait-words.js'

interface Sighting {
  readonly node: AwaitNode
  readonly waits: WaitsFor
  readonly look: Look
}

/** @param looks of one process, oldest first, with their awaits joined */
export function keepCollected(looks: readonly Look[]): readonly Look[] {
  let hopeless: readonly Sighting[] = []
  return looks.map((look) => {
    const { awaits: tree } = look
    if (tree === null) return look
    const gone = hopeless.filter((each) => isCollected(each, look))
    hopeless = [...gone, ...tree.awaits.flatMap((node) => sightingOf(node, look))]
    if (gone.length === 0) return look
    // Who awaited it and is kept by somebody waits for nothing now, and its remains say less: that is told with it.
    const others = tree.awaits.filter(
      (each) => !gone.some(({ node }) => isRemainsOf(node, each) || (isLeftOf(node, each) && each.waitsFor !== null)),
    )
    return { ...look, awaits: { ...tree, awaits: [...others, ...gone.map((each) => keptIn(look, each))] } }
  })
}

function sightingOf(node: AwaitNode, look: Look): Sighting[] {
  const waits = node.waitsFor
  const isSure = node.doubtful !== true && waits?.cutShort !== true && node.awaitedBy.length > 0
  return waits?.kind === 'nothing' && waits.why === 'no-settler' && isSure ? [{ node, waits, look }] : []
}

/**
 * Collected, not moved on: a collection ran, a loop has not beaten since, and nothing is left of the whole chain. What
 * holds itself (a module's top level), or is held by somebody (an instrumented call), may still stand where it stood, with
 * nothing to be found that it waits for.
 */
function isCollected({ node, look: then }: Sighting, now: Look): boolean {
  const before = then.awaits?.collections
  const after = now.awaits?.collections
  if (before === undefined || after === undefined || after <= before || now.awaits?.cutShort === true) return false
  const chain = [node, ...node.awaitedBy]
  const functions = new Set(chain.map(functionKey))
  const hasMoved = now.awaits?.awaits.some((each) => {
    if (isLeftOf(node, each) || isRemainsOf(node, each)) return false
    return [each, ...each.awaitedBy].some((frame) => functions.has(functionKey(frame)))
  })
  return hasMoved === false && standsStill(then, now)
}

/** It awaited the function, in the same place, and what it waits for now is nothing. */
function isLeftOf(node: AwaitNode, each: AwaitNode): boolean {
  const { waitsFor } = each
  const isNothing =
    waitsFor === null ||
    (waitsFor.kind === 'nothing' && (waitsFor.why === 'no-settler' || waitsFor.why === 'collected'))
  return isNothing && node.awaitedBy.some((awaiter) => placeKey(awaiter) === placeKey(each))
}

/** It lies in freed memory that nothing was put into yet: collected all the same. */
function isRemainsOf(node: AwaitNode, each: AwaitNode): boolean {
  return each.doubtful === true && placeKey(each) === placeKey(node)
}

function standsStill(then: Look, now: Look): boolean {
  return (now.clocks ?? []).some(
    (clock) =>
      clock.kind !== 'event-loop' &&
      !clock.paused &&
      clock.beats > 0 &&
      then.clocks?.some(({ name, beats }) => name === clock.name && beats === clock.beats) === true,
  )
}

function functionKey({ function: name, file }: AwaitNode | Frame): string {
  return `${name ?? ''}|${file ?? ''}`
}

function placeKey(at: AwaitNode | Frame): string {
  return `${functionKey(at)}|${at.line ?? ''}|${at.column ?? ''}`
}

function keptIn(look: Look, { node, waits, look: then }: Sighting): AwaitNode {
  const seenMs = (node.seenMs ?? 0) + Math.round(look.takenAtMs - then.takenAtMs)
  return { ...node, waitsFor: { ...waits, ...doubted('collected') }, seenMs }
}
