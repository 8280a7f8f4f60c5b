/** Puts the original positions beside the generated ones, in every frame and await of the evidence. */
import type { AwaitNode, AwaitRoot, AwaitTree, WaitsFor } from '../model/await.js'
import type { Evidence, Look, TaskInFlight } from '../model/evidence.js'
import type { Frame, SourcePosition } from '../model/frame.js'
import type { SourceMaps } from '../source/source-maps.js'

interface Place {
  readonly file: string | null
  readonly line: number | null
  readonly column: number | null
  readonly source?: SourcePosition
}

export function withOriginalSources(evidence: Evidence, maps: SourceMaps): Evidence {
  const place = <P extends Place>(at: P): P => {
    if (at.source !== undefined || at.file === null || at.line === null) return at
    const source = maps.originalOf(at.file, at.line, at.column ?? 1)
    return source === null ? at : { ...at, source }
  }
  const frames = (list: readonly Frame[]): readonly Frame[] => list.map(place)
  // A cycle's links are texts (`transfer app.js:12`): those of functions whose source is known are told by it.
  const original = new Map<string, string>()
  const wait = (waits: WaitsFor): WaitsFor => ({
    ...waits,
    ...(waits.holders === undefined ? {} : { holders: waits.holders.map(place) }),
    ...(waits.deadlock === undefined ? {} : inSources(waits.summary, waits.deadlock, original)),
  })
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
    if (awaits.awaits.some((each) => each.waitsFor?.deadlock !== undefined)) {
      for (const each of awaits.awaits) for (const at of [each, ...each.awaitedBy]) noteLabel(place(at), original)
    }
    return { ...awaits, awaits: awaits.awaits.map(node), roots: awaits.roots.map(root) }
  }
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
    samples: evidence.samples && {
      ...evidence.samples,
      samples: evidence.samples.samples.map((sample) => ({ ...sample, frames: frames(sample.frames) })),
    },
  }
}

/** `transfer app.js:12` leads to `transfer app.ts:9`. */
function noteLabel(at: Place & { readonly function: string | null }, original: Map<string, string>): void {
  if (at.source === undefined || at.file === null) return
  const label = (file: string, line: number | null): string =>
    `${at.function ?? '(anonymous)'} ${file.replace(/^.*\//, '')}:${line}`
  original.set(label(at.file, at.line), label(at.source.file, at.source.line))
}

function inSources(
  summary: string,
  deadlock: readonly string[],
  original: ReadonlyMap<string, string>,
): Pick<WaitsFor, 'summary' | 'deadlock'> {
  const links = deadlock.map((link) => original.get(link) ?? link)
  return { summary: summary.replace(deadlock.join(' -> '), () => links.join(' -> ')), deadlock: links }
}
