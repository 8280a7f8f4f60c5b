import { expect, test } from 'vitest'
import { alikeOf } from '../../../src/awaits/scan/chains.js'
import type { Suspended } from '../../../src/awaits/scan/suspended.js'

type Standing = Pick<Suspended, 'function' | 'continuation'>

function standing(code: number, continuation = 0): Standing {
  return { function: { address: code } as Suspended['function'], continuation }
}

/** Which of them are alike, each by the first that is. */
function firsts(list: readonly Standing[], awaiters: readonly (readonly number[])[]): number[] {
  const numbers = [...alikeOf(list, awaiters)]
  return numbers.map((number) => numbers.indexOf(number))
}

test('functions are alike when they stand at the same await below the same chain', () => {
  const list = [standing(1), standing(1), standing(2), standing(2), standing(1), standing(1, 8), standing(3)]
  // 0 and 1 below 2 and 3; 4 below 6; 5 stands elsewhere below 2.
  expect(firsts(list, [[2], [3], [], [], [6], [2], []])).toEqual([0, 0, 2, 2, 4, 5, 6])
})

test('the first awaiter alone is the chain', () => {
  const list = [standing(1), standing(1), standing(2), standing(3)]
  expect(firsts(list, [[2, 3], [2], [], []])).toEqual([0, 0, 2, 3])
})

test('a circle of awaits comes to an end, and what hangs below it is told apart by its place', () => {
  const list = [standing(1), standing(2), standing(3), standing(3), standing(4)]
  expect(firsts(list, [[1], [0], [0], [0], [0]])).toEqual([0, 1, 2, 2, 4])
})

test('of a chain of thousands only the first parts count', () => {
  const list = Array.from({ length: 5_000 }, () => standing(1))
  const numbers = alikeOf(
    list,
    list.map((_, index) => (index === 0 ? [] : [index - 1])),
  )
  expect(new Set(numbers).size).toBe(51)
  expect(numbers[60]).toBe(numbers[4_999])
})
