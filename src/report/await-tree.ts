/**
 * The await tree as text, both ways up. Leaf-up: each function whose wait has a cause of its own, the cause first,
 * then who awaits it. Root-down: from each outermost awaiter to what it waits for, as a tree. Alike ones are one line
 * with a count; what lies inside node and in dependencies is folded between the application's own lines.
 */
import { formatDuration } from '../model/amounts.js'
import type { AwaitNode, AwaitRoot, AwaitTree } from '../model/await.js'
import type { Frame } from '../model/frame.js'
import { originOf } from '../source/origin.js'
import { frameLine } from './places.js'
import { workText } from '../model/work.js'
import { printable, type Paint } from './terminal.js'
import { waitText } from './wait/wait-text.js'

const MAX_LEAVES = 60
const MAX_ROOT_LINES = 120

export function awaitTreeLines(tree: AwaitTree, cwd: string | null, paint: Paint): string[] {
  const leaves = tree.awaits.filter((node) => !isInner(node) && node.doubtful !== true && concernsUser(node))
  const doubtful = tree.awaits.filter((node) => node.doubtful === true).reduce((sum, node) => sum + node.count, 0)
  const shown = leaves.slice(0, MAX_LEAVES)
  const roots = rootLines(tree.roots, cwd, paint)
  return [
    ...shown.flatMap((node) => leafBlock(node, cwd, paint)),
    ...(leaves.length > shown.length ? [`  and ${leaves.length - shown.length} more places (--json has all)`] : []),
    ...(doubtful > 0 ? [paint('dim', `  ${doubtful} remains in freed memory left out`)] : []),
    ...(roots.length === 0 ? [] : ['', paint('dim', '  from the outermost awaiter down'), ...roots]),
    ...tree.notes.map((note) => paint('dim', `  ${printable(note)}`)),
  ]
}

/** Shown as part of the chain of what it awaits. */
function isInner(node: AwaitNode): boolean {
  return node.waitsFor === null || (node.waitsFor.kind === 'await' && node.waitsFor.heldThrough === undefined)
}

/** Waits that are all inside node (a module loader that evaluates the program) say nothing about the application. */
function concernsUser(node: AwaitNode): boolean {
  return [node, ...node.awaitedBy].some((each) => originOf(each.file) !== 'node')
}

function leafBlock(node: AwaitNode, cwd: string | null, paint: Paint): string[] {
  const times = node.count > 1 ? `${node.count} x ` : ''
  const seen = node.seenMs == null ? '' : `  (in this place for ${formatDuration(node.seenMs)})`
  const waits = node.waitsFor
  const cause = waits === null ? 'waits' : `waits for ${waitText(waits)}`
  return [
    `  ${paint('bold', times + cause)}${seen}`,
    ...(waits?.heldThrough === undefined ? [] : [paint('dim', `      through ${printable(waits.heldThrough)}`)]),
    ...(waits?.doubt === undefined ? [] : [paint('dim', `      ${printable(waits.doubt)}`)]),
    ...(node.work ?? []).map((work) => paint('dim', `      work of ${printable(workText(work))}`)),
    ...foldedChain([ownFrame(node), ...node.awaitedBy], cwd, paint),
    ...(node.locals ?? []).map((local) => paint('dim', `        ${printable(`${local.name} = ${local.value}`)}`)),
  ]
}

function ownFrame(node: AwaitNode | AwaitRoot): Frame {
  const { function: name, file, line, column, source } = node
  return {
    function: name,
    file,
    line,
    column,
    tier: null,
    async: false,
    native: false,
    ...(source === undefined ? {} : { source }),
  }
}

/** The application's lines in full; a row of node's or a dependency's as its first line and a count. */
function foldedChain(frames: readonly Frame[], cwd: string | null, paint: Paint): string[] {
  const lines: string[] = []
  let folded = 0
  for (const [i, frame] of frames.entries()) {
    const origin = originOf(frame.file)
    const inside = origin === 'node' || origin === 'dependency'
    const next = frames[i + 1]
    const more = inside && next !== undefined && originOf(next.file) === origin
    const before = frames[i - 1]
    if (inside && before !== undefined && originOf(before.file) === origin) folded++
    else lines.push(`    ${i === 0 ? 'at' : '<-'} ${frameLine({ ...frame, async: false }, cwd)}`)
    if (!more && folded > 0) {
      lines.push(paint('dim', `       ... ${folded} more inside ${origin === 'node' ? 'node' : 'dependencies'}`))
      folded = 0
    }
  }
  return lines
}

function rootLines(roots: readonly AwaitRoot[], cwd: string | null, paint: Paint): string[] {
  const lines: string[] = []
  const own = roots.filter((root) => hasUser(root))
  for (const root of own) addRoot(root, '  ', '  ', cwd, lines)
  if (lines.length <= MAX_ROOT_LINES) return lines
  return [
    ...lines.slice(0, MAX_ROOT_LINES),
    paint('dim', `  and ${lines.length - MAX_ROOT_LINES} more lines (--json has all)`),
  ]
}

function hasUser(root: AwaitRoot): boolean {
  return originOf(root.file) !== 'node' || root.awaiting.some((each) => hasUser(each))
}

function addRoot(root: AwaitRoot, first: string, rest: string, cwd: string | null, lines: string[]): void {
  if (lines.length > MAX_ROOT_LINES * 4) return
  const frame = ownFrame(root)
  const waits = root.waitsFor === undefined || root.waitsFor === null ? '' : `  [${waitText(root.waitsFor)}]`
  lines.push(`${first}${root.count > 1 ? `${root.count} x ` : ''}${frameLine(frame, cwd)}${waits}`)
  // A chain inside node is shown by its last function, which says what is waited for.
  for (const [i, child] of root.awaiting.entries()) {
    const last = i === root.awaiting.length - 1
    addRoot(skipInternals(child), `${rest}${last ? '└─ ' : '├─ '}`, `${rest}${last ? '   ' : '│  '}`, cwd, lines)
  }
}

/** The end of a row of node's functions with one way down. */
function skipInternals(root: AwaitRoot): AwaitRoot {
  let at = root
  for (let depth = 0; depth < 100 && originOf(at.file) === 'node'; depth++) {
    const [only] = at.awaiting
    if (at.awaiting.length !== 1 || only === undefined || originOf(only.file) !== 'node') break
    at = only
  }
  return at
}
