import { describe, expect, test } from 'vitest'
import { connectionsToTry } from '../../../src/evidence/connections-to-try.js'
import type { CapturedLook } from '../../../src/model/look.js'
import type { WaitsFor } from '../../../src/model/await.js'
import type { CaptureOutcome } from '../../../src/model/outcome.js'
import { awaitNode, clock, kernelLook, socket } from '../../support/evidence.js'

const POLL = 'http://10.0.0.5:8080/api/tasks/poll/batch/orders'

function captured<E>(value: E): CaptureOutcome<E> {
  return { status: 'captured', evidence: value, tookMs: 1, pausedMs: 0 }
}

const REQUEST = { kind: 'http-request', summary: 'a poll', url: POLL, fd: 21 } as const
const TIMER: WaitsFor = { kind: 'timer', summary: 'a timer' }

function look(over: { url?: string } | WaitsFor, failuresInRow = 2, peer = '10.0.0.5:8080'): CapturedLook {
  const node = awaitNode('poll', 7, 'kind' in over ? over : { ...REQUEST, ...over })
  return {
    takenAtMs: 0,
    kernel: captured(kernelLook({ sockets: [socket({ fd: 21, peer })] })),
    awaits: captured({ engine: 'memory', awaits: [node], roots: [], suspended: 1, pausedMs: 0, notes: [] }),
    clocks: [clock({ kind: 'poll-loop', failuresInRow })],
  }
}

describe('a fresh connection', () => {
  test('is tried at the address of a poll that keeps failing', () => {
    expect(connectionsToTry([look({})])).toEqual([{ peer: '10.0.0.5:8080', url: POLL }])
  })

  test('is tried once a server, and the latest look counts', () => {
    const url = 'http://10.0.0.5:8080/api/tasks/poll/batch/parcels'
    expect(connectionsToTry([look({}), look({ url })])).toEqual([{ peer: '10.0.0.5:8080', url }])
  })

  test('is tried when the last look fell between two polls', () => {
    expect(connectionsToTry([look({}), look(TIMER)])).toHaveLength(1)
  })

  test('is not tried after one failure', () => {
    expect(connectionsToTry([look({}, 1)])).toEqual([])
  })

  test('is not tried where anything but a poll over HTTP waits', () => {
    expect(connectionsToTry([look({ kind: 'socket', summary: 'a socket' })])).toEqual([])
    expect(connectionsToTry([look({ url: 'http://10.0.0.5:8080/api/orders' })])).toEqual([])
  })

  describe('where no poll could be read', () => {
    const named = (name: string, peer?: string): CapturedLook => {
      const unread = look(TIMER, 2, peer)
      return { ...unread, clocks: (unread.clocks ?? []).map((each) => ({ ...each, name })) }
    }

    test('is tried at the server of the settings, for a poller of Conductor’s', () => {
      const server = 'http://10.0.0.5:8080/api'
      expect(connectionsToTry([named('conductor:orders')], server)).toEqual([{ peer: '10.0.0.5:8080', url: POLL }])
      expect(connectionsToTry([named('orders')], server)).toEqual([])
    })

    test('is not tried without settings, at another address, or where two servers have that port', () => {
      expect(connectionsToTry([named('conductor:orders')])).toEqual([])
      expect(connectionsToTry([named('conductor:orders')], 'http://10.0.0.9:8080')).toEqual([])
      const both = [named('conductor:orders', '10.0.0.7:8080'), named('conductor:orders')]
      expect(connectionsToTry(both, 'http://conductor.example:8080')).toEqual([])
    })
  })

  test('is not tried through a proxy, which would have to be asked in its own way', () => {
    expect(connectionsToTry([look({ url: 'https://conductor.example/api/tasks/poll/batch/orders' })])).toEqual([])
    expect(connectionsToTry([look({}, 2, '10.0.0.9:8080')])).toEqual([])
    expect(connectionsToTry([look({}, 2, '[::ffff:10.0.0.5]:8080')])).toHaveLength(1)
  })
})
