/** Puts the original positions beside the generated ones, in every frame and await of the evidence. */
import { type AwaitNode, type AwaitRoot, type AwaitTree, type WaitsFor } from '../model/await.js'
import type { Evidence, Look, TaskInFlight } from '../model/evidence.js'
import type { Frame, SourcePosition } from '../model/frame.js'
import type { Holding } from '../model/retained.js'
import type { PoolFacts, PoolMember } from '../model/wait.js'
import { sayWait } from '../report/wait/wait-words.js'
import type { SourceMaps } from '../source/source-maps.js'

interface Place {
  readonly function?: string | null
  readonly file: string | null
  readonly line: number | null
  readonly column: number | null
  readonly source?: SourcePosition
}

export function withOriginalSources(evidence: Evidence, maps: SourceMaps): Evidence {
  const place = <P extends Place>(at: P): P => {
    if (at.source !== undefined || at.file === null || at.line === null) return at
    const source = maps.originalOf(at.file, at.line, at.column ?? 1)
    if (source === null) return at
    const name = at.function == null ? null : maps.nameOf(at.file, at.line, at.column ?? 1, at.function)
    return { ...at, ...(name === null ? {} : { function: name }), source }
  }
  const frames = (list: readonly Frame[]): readonly Frame[] => list.map(place)
  const member = (each: PoolMember): PoolMember => {
    const { heldBy } = each
    if (heldBy === undefined || heldBy.by === 'nobody') return each
    if (heldBy.by === 'variable')
      return { ...each, heldBy: { ...heldBy, declared: heldBy.declared && place(heldBy.declared) } }
    return { ...each, heldBy: { ...heldBy, place: place(heldBy.place) } }
  }
  const pool = (facts: PoolFacts): PoolFacts => ({
    ...facts,
    members: facts.members.map(member),
    ...(facts.takenIn === undefined
      ? {}
      : {
          takenIn: facts.takenIn.map((taking) => ({
            ...place(taking),
            ...(taking.leaves === undefined ? {} : { leaves: place(taking.leaves) }),
          })),
        }),
  })
  const wait = (waits: WaitsFor): WaitsFor => {
    const held = {
      ...waits,
      ...(waits.holders === undefined ? {} : { holders: waits.holders.map(place) }),
      ...(waits.left === undefined ? {} : { left: place(waits.left) }),
      ...(waits.pool === undefined ? {} : { pool: pool(waits.pool) }),
    } as WaitsFor
    if ((held.kind !== 'lock' && held.kind !== 'module') || held.links === undefined) return held
    const known = { ...held, links: held.links.map(place) }
    return known.kind === 'lock' ? sayWait(known) : known
  }
  const node = (each: AwaitNode): AwaitNode => ({
    ...place(each),
    awaitedBy: frames(each.awaitedBy),
    waitsFor: each.waitsFor === null ? null : wait(each.waitsFor),
  })
  const root = (each: AwaitRoot): AwaitRoot => ({
    ...place(each),
    awaiting: each.awaiting.map(root),
    ...(each.waitsFor == null ? {} : { waitsFor: wait(each.waitsFor) }),
  })
  const tree = (awaits: AwaitTree): AwaitTree => {
    return {
      ...awaits,
      awaits: awaits.awaits.map(node),
      roots: awaits.roots.map(root),
      ...(awaits.timers === undefined
        ? {}
        : { timers: awaits.timers.map((timer) => ({ ...timer, callback: timer.callback && place(timer.callback) })) }),
    }
  }
  const holding = (each: Holding): Holding => ({ ...each, declared: each.declared && place(each.declared) })
  const look = (each: Look): Look => ({
    ...each,
    threads: each.threads?.map((thread) => ({ ...thread, frames: frames(thread.frames) })) ?? null,
    awaits: each.awaits === null ? null : tree(each.awaits),
  })
  const task = (each: TaskInFlight): TaskInFlight => ({
    ...each,
    execute: each.execute && place(each.execute),
    ...(each.parked === undefined ? {} : { parked: frames(each.parked) }),
  })
  return {
    ...evidence,
    looks: evidence.looks.map(look),
    tasks: evidence.tasks?.map(task) ?? null,
    ...(evidence.lostLoops == null ? {} : { lostLoops: evidence.lostLoops.map(place) }),
    ...(evidence.retained == null
      ? {}
      : { retained: { ...evidence.retained, holdings: evidence.retained.holdings.map(holding) } }),
    samples: evidence.samples && {
      ...evidence.samples,
      samples: evidence.samples.samples.map((sample) => ({ ...sample, frames: frames(sample.frames) })),
    },
  }
}
