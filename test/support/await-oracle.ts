/**
 * What an await dump of a program must show, out of the program itself: a comment `//@ {...}` behind each await. The
 * column is that of the text `at` in the same line; what a leaf waits for is judged over the tree, since inside node
 * the innermost suspended function is often one of node's own.
 */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { AwaitNode, AwaitTree, WaitsFor, WaitKind } from '../../src/model/await.js'

export interface AwaitTruth {
  readonly fn: string | null
  readonly file: string
  readonly line: number
  readonly column: number
  /** Awaiters' names, innermost first, up to the root; node's own left out. */
  readonly by: readonly string[]
  readonly kind: string
  readonly count: number
  readonly waits: readonly WaitKind[] | null
  /** The wait as JSON must match. */
  readonly says: RegExp | null
  readonly never: RegExp | null
  readonly fd: boolean
  readonly due: number | null
  readonly deadlock: readonly string[] | null
  readonly anyColumn: boolean
}

interface Written {
  readonly fn: string | null
  readonly at: string
  readonly by: readonly string[]
  readonly kind?: string
  readonly count?: number
  readonly countFromArgument?: boolean
  readonly waits?: readonly WaitKind[]
  readonly says?: string
  readonly never?: string
  readonly fd?: boolean
  readonly due?: number
  readonly deadlock?: readonly string[]
  readonly anyColumn?: boolean
}

/** @param count stands for the counts that the program takes from its arguments. */
export function readTruth(file: string, count = 0): AwaitTruth[] {
  const lines = readFileSync(file, 'utf8').split('\n')
  const truths: AwaitTruth[] = []
  for (const [i, text] of lines.entries()) {
    const own = text.indexOf('//@ ')
    if (own >= 0) truths.push(...entries(text.slice(own + 4)).map((each) => truth(each, file, i + 1, text, count)))
    const above = text.indexOf('//@above ')
    if (above >= 0) {
      truths.push(...entries(text.slice(above + 9)).map((each) => truth(each, file, i, lines[i - 1] ?? '', count)))
    }
  }
  if (truths.length === 0) throw new Error(`${file} says nothing about its awaits`)
  return truths
}

function entries(json: string): Written[] {
  const parsed = JSON.parse(json) as Written | Written[]
  return Array.isArray(parsed) ? parsed : [parsed]
}

function truth(written: Written, file: string, line: number, text: string, count: number): AwaitTruth {
  const column = text.indexOf(written.at) + 1
  if (column === 0 || column > text.indexOf('//@')) {
    if (column === 0) throw new Error(`${file}:${line} has no ${written.at}`)
  }
  return {
    fn: written.fn === 'module' && written.kind === 'module' ? null : written.fn,
    file,
    line,
    column,
    by: written.by,
    kind: written.kind ?? 'async function',
    count: written.countFromArgument === true ? count : (written.count ?? 1),
    waits: written.waits ?? null,
    says: written.says === undefined ? null : new RegExp(written.says),
    never: written.never === undefined ? null : new RegExp(written.never),
    fd: written.fd === true,
    due: written.due ?? null,
    deadlock: written.deadlock ?? null,
    anyColumn: written.anyColumn === true,
  }
}

/** Differences between a tree and what its program says; empty when all is right. */
export function differences(tree: AwaitTree, truths: readonly AwaitTruth[]): string[] {
  const wrong: string[] = []
  for (const expected of truths) {
    const label = `${expected.fn}:${expected.line} <- ${expected.by.join(' <- ')}`
    const found = tree.awaits.filter((node) => matches(node, expected))
    const count = found.reduce((sum, node) => sum + node.count, 0)
    if (count !== expected.count) {
      wrong.push(`${label}: ${count} found, ${expected.count} expected; ${near(tree, expected)}`)
      continue
    }
    wrong.push(...waitDifferences(tree, expected).map((text) => `${label}: ${text}`))
  }
  return [...wrong, ...extras(tree, truths)]
}

/** Functions of the program's own file that its truth does not have. */
function extras(tree: AwaitTree, truths: readonly AwaitTruth[]): string[] {
  const file = truths[0]?.file
  return tree.awaits
    .filter((node) => node.file === file && node.line !== null && node.doubtful !== true)
    .filter((node) => !truths.some((expected) => expected.line === node.line) && node.kind === 'async function')
    .map((node) => `not expected: ${node.count} x ${node.function}:${node.line}:${node.column}`)
}

function matches(node: AwaitNode, expected: AwaitTruth): boolean {
  return (
    node.function === expected.fn &&
    node.file === expected.file &&
    node.line === expected.line &&
    (expected.anyColumn || node.column === expected.column) &&
    node.kind === expected.kind &&
    userNames(node).join('<') === expected.by.join('<')
  )
}

function userNames(node: AwaitNode): string[] {
  return node.awaitedBy.filter((frame) => isUser(frame.file)).map((frame) => frame.function ?? '')
}

function isUser(file: string | null): boolean {
  return file !== null && !file.startsWith('node:')
}

function near(tree: AwaitTree, expected: AwaitTruth): string {
  const alike = tree.awaits.filter((node) => node.function === expected.fn || node.line === expected.line)
  return alike
    .filter((node) => isUser(node.file))
    .map(
      (node) =>
        `${node.count} x ${node.kind} ${node.function}:${node.line}:${node.column} <- ${userNames(node).join(' <- ')}`,
    )
    .join('; ')
}

/** The wait of the innermost function under the expected one: itself, or node's own function that it awaits. */
export function waitsUnder(tree: AwaitTree, expected: AwaitTruth): WaitsFor[] {
  return tree.awaits.flatMap((node): WaitsFor[] => {
    if (node.waitsFor === null) return []
    if (matches(node, expected)) {
      return node.waitsFor.kind === 'await' && node.waitsFor.summary === 'another suspended function'
        ? []
        : [node.waitsFor]
    }
    if (isUser(node.file)) return []
    const first = node.awaitedBy.findIndex((frame) => isUser(frame.file))
    const frame = node.awaitedBy[first]
    if (frame === undefined || frame.line !== expected.line || frame.function !== expected.fn) return []
    const by = node.awaitedBy.slice(first + 1).filter((each) => isUser(each.file))
    return by.map((each) => each.function ?? '').join('<') === expected.by.join('<') ? [node.waitsFor] : []
  })
}

function waitDifferences(tree: AwaitTree, expected: AwaitTruth): string[] {
  if (expected.waits === null) return []
  const kinds = expected.waits
  const waits = waitsUnder(tree, expected)
  const fitting = waits.filter((wait) => kinds.includes(wait.kind))
  if (fitting.length === 0) {
    return [`waits for ${JSON.stringify(waits)}, expected ${kinds.join(' or ')}`]
  }
  const { says, never, due, deadlock } = expected
  const wrong: string[] = []
  if (says !== null && !fitting.some((wait) => says.test(JSON.stringify(wait)))) {
    wrong.push(`${JSON.stringify(fitting)} does not say ${says}`)
  }
  if (never !== null && waits.some((wait) => never.test(JSON.stringify(wait))))
    wrong.push(`says ${never}, which is a secret`)
  if (expected.fd && !fitting.some((wait) => wait.fd !== undefined))
    wrong.push(`has no descriptor: ${JSON.stringify(fitting)}`)
  if (due !== null && !fitting.some((wait) => (wait.dueInMs ?? -1) > due - 60_000 && (wait.dueInMs ?? -1) <= due)) {
    wrong.push(`is not due in ${due} ms: ${JSON.stringify(fitting)}`)
  }
  if (deadlock !== null) {
    const names = fitting.map((wait) => (wait.deadlock ?? []).map((text) => text.split(' ')[0] ?? '').toSorted(compare))
    if (!names.some((each) => each.join() === deadlock.toSorted(compare).join())) {
      wrong.push(`names no deadlock of ${deadlock.join()}: ${JSON.stringify(fitting)}`)
    }
  }
  return wrong
}

function compare(a: string, b: string): number {
  return a.localeCompare(b)
}

export function programFile(programs: string, name: string): string {
  return path.join(programs, 'awaits', name)
}
