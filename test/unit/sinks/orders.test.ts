/** Orders survive whoever was about to take them away. */
import { readdirSync, renameSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { dropOrder, listOrders, putOrder, restoreDropped, waitingIncidents } from '../../../src/sinks/outbox/orders.js'
import { temporaryFolder } from '../../support/incidents.js'

const ID = '01M8KF5TCD1Z3A70HMJ71EPE6J'
let folder: ReturnType<typeof temporaryFolder>
let orders: string
beforeEach(() => {
  folder = temporaryFolder('orders')
  orders = path.join(folder.path, 'outbox/orders')
})
afterEach(() => folder.remove())

test('what a process had taken away when it died waits, and is put back with all its destinations', () => {
  putOrder(folder.path, ID, ['jira', 'file'], { now: 1000 })
  renameSync(path.join(orders, `${ID}.json`), path.join(orders, `${ID}.json.4711.done`))
  expect([...waitingIncidents(folder.path)]).toEqual([ID])
  expect(listOrders(folder.path)).toEqual([])
  restoreDropped(folder.path)
  expect(listOrders(folder.path)).toMatchObject([
    { incident: ID, to: ['jira', 'file'], orderedAt: '1970-01-01T00:00:01.000Z' },
  ])
  expect(readdirSync(orders)).toEqual([`${ID}.json`])
})

test('it joins what was ordered anew meanwhile', () => {
  putOrder(folder.path, ID, ['jira'])
  renameSync(path.join(orders, `${ID}.json`), path.join(orders, `${ID}.json.4711.done`))
  putOrder(folder.path, ID, ['mail'])
  restoreDropped(folder.path)
  expect(listOrders(folder.path)).toMatchObject([{ to: ['mail', 'jira'] }])
})

test('what was added while an order was done with stays ordered; nothing else does, nor any other file', () => {
  putOrder(folder.path, ID, ['jira'])
  const [before] = listOrders(folder.path)
  putOrder(folder.path, ID, ['mail'])
  dropOrder(folder.path, before!)
  expect(listOrders(folder.path)).toMatchObject([{ to: ['mail'] }])
  dropOrder(folder.path, listOrders(folder.path)[0]!)
  expect(readdirSync(orders)).toEqual([])
  restoreDropped(folder.path)
  expect(listOrders(folder.path)).toEqual([])
})
