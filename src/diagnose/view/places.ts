/** Functions of a look by where they stand: what two looks have in common is told by it. */
import type { AwaitNode, AwaitTree } from '../../model/await.js'

/** By place and chain. */
export function keyOf(node: AwaitNode): string {
  return [node, ...node.awaitedBy].map((at) => [at.function, at.file, at.line, at.column].join(':')).join('<')
}

/** The functions of a look that stand where `node` stands. */
export function standingWith(tree: AwaitTree | null, node: AwaitNode): readonly AwaitNode[] {
  return standingAt(tree, keyOf(node))
}

/** @param key of `keyOf` */
export function standingAt(tree: AwaitTree | null, key: string): readonly AwaitNode[] {
  if (tree === null) return []
  const places = byPlace.get(tree) ?? placesOf(tree)
  byPlace.set(tree, places)
  return places.get(key) ?? []
}

/** Kept for each look: of a program with thousands of places every one is asked for. */
const byPlace = new WeakMap<AwaitTree, ReadonlyMap<string, readonly AwaitNode[]>>()

function placesOf({ awaits }: AwaitTree): ReadonlyMap<string, readonly AwaitNode[]> {
  const places = new Map<string, AwaitNode[]>()
  for (const node of awaits) {
    const key = keyOf(node)
    const known = places.get(key)
    if (known === undefined) places.set(key, [node])
    else known.push(node)
  }
  return places
}
