import { expect, test } from 'vitest'
import { innerPackageOf, innerText } from '../../../src/diagnose/view/inner-package.js'
import type { Frame } from '../../../src/model/frame.js'
import { frame, WORKER } from '../../support/evidence.js'

const PACKAGE = '/app/node_modules/fast-safe-stringify/index.js'
const inPackage = (name: string, line: number): Frame => ({ ...frame(name, line), file: PACKAGE })
const where = { function: 'logOrder', file: WORKER, line: 4, column: 1 }

test('names the innermost function of a package that is in all stacks above the place', () => {
  const stacks = [3, 9, 5].map((deep) => [
    inPackage('replace', 80 + deep),
    ...Array.from({ length: deep }, () => inPackage('decirc', 54)),
    inPackage('stringify', 30),
    frame('logOrder', 4),
    frame('handle', 9),
  ])
  const cycling = stacks.map((frames, i) => (i === 1 ? frames.slice(1) : frames))
  const found = innerPackageOf(cycling, where)
  expect(found === null ? '' : innerText(found)).toBe('decirc of fast-safe-stringify (index.js:54)')
})

test('names none where the code itself runs, or where the package comes and goes', () => {
  const own = [[frame('logOrder', 4)], [frame('logOrder', 4)]]
  expect(innerPackageOf(own, where)).toBeNull()
  const half = [[frame('logOrder', 4)], [inPackage('decirc', 54), frame('logOrder', 4)]]
  expect(innerPackageOf(half, where)).toBeNull()
})
