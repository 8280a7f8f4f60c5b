import { readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { takeClaim } from '../../../src/sinks/outbox/claim.js'
import { temporaryFolder } from '../../support/incidents.js'

let folder: ReturnType<typeof temporaryFolder>
beforeEach(() => {
  folder = temporaryFolder('claims')
})
afterEach(() => folder.remove())

const NOBODY = { pid: 4_194_000, startTicks: 1 }

test('gives a thing to one at a time, and to the next once it is released', () => {
  const first = takeClaim(folder.path, 'thing')
  expect(first?.isMine()).toBe(true)
  expect(takeClaim(folder.path, 'thing')).toBeNull()
  expect(takeClaim(folder.path, 'another')).not.toBeNull()
  first?.release()
  const second = takeClaim(folder.path, 'thing')
  expect(second?.isMine()).toBe(true)
  expect(first?.isMine()).toBe(false)
  // One that has lost it can't release the other's.
  first?.release()
  expect(second?.isMine()).toBe(true)
})

test('takes over from a process that is dead, and tells the dead one so should it wake', () => {
  const dead = takeClaim(folder.path, 'thing', { self: NOBODY })
  const next = takeClaim(folder.path, 'thing')
  expect(next?.isMine()).toBe(true)
  expect(dead?.isMine()).toBe(false)
  expect(readdirSync(folder.path)).toEqual(['thing.2'])
})

test.each([{ pidNamespace: 'pid:[1]' }, { bootId: 'another machine' }])(
  'waits for an owner that can not be looked up (%j) until it was quiet for long enough',
  (elsewhere) => {
    takeClaim(folder.path, 'thing', { self: { ...NOBODY, ...elsewhere } })
    let now = 1000
    const take = () => takeClaim(folder.path, 'thing', { quietMs: 90_000, nowMs: () => now })
    expect(take()).toBeNull()
    now += 89_000
    expect(take()).toBeNull()
    now += 1000
    expect(take()?.isMine()).toBe(true)
  },
)

test('starts waiting anew whenever such an owner touches its claim', () => {
  takeClaim(folder.path, 'thing', { self: { ...NOBODY, bootId: 'another machine' } })
  let now = 1000
  const take = () => takeClaim(folder.path, 'thing', { quietMs: 90_000, nowMs: () => now })
  expect(take()).toBeNull()
  now += 100_000
  const file = path.join(folder.path, 'thing.1')
  writeFileSync(file, JSON.stringify({ ...NOBODY, bootId: 'another machine', pidNamespace: null, token: 'new' }))
  expect(take()).toBeNull()
})

test('steps back when a lower claim is there that it did not take for dead', () => {
  // As left by a race: somebody took number 1 after we saw a dead number 1 and before we made number 2.
  writeFileSync(
    path.join(folder.path, 'thing.2'),
    JSON.stringify({ ...NOBODY, bootId: null, pidNamespace: null, token: 'x' }),
  )
  const alive = takeClaim(folder.path, 'thing.2')
  expect(alive).not.toBeNull()
  expect(takeClaim(folder.path, 'thing')).toBeNull()
})
