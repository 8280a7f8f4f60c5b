import { describe, expect, test } from 'vitest'
import { attachDebugger } from '../../../../src/inspector/stack/pause.js'
import { playConnection, type PlayedConnection } from '../../../support/recorded-cdp.js'

const soon = (): number => performance.now() + 200

function target(): PlayedConnection {
  const connection: PlayedConnection = playConnection({
    'Debugger.enable': () => ({}),
    'Debugger.disable': () => ({}),
    'Debugger.resume': () => ({}),
    'Debugger.pause': () => {
      queueMicrotask(() => connection.emit('Debugger.paused', { callFrames: [] }))
      return {}
    },
  })
  return connection
}

describe('attachDebugger', () => {
  test('pauses, looks and resumes', async () => {
    const connection = target()
    const debuggee = await attachDebugger(connection, soon())
    const { result } = await debuggee.whilePaused(soon(), async (event) => event.callFrames.length)
    await debuggee.release(soon())
    expect(result).toBe(0)
    expect(connection.sent).toEqual(['Debugger.enable', 'Debugger.pause', 'Debugger.resume', 'Debugger.disable'])
  })

  test('resumes when looking fails', async () => {
    const connection = target()
    const debuggee = await attachDebugger(connection, soon())
    await expect(debuggee.whilePaused(soon(), () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(connection.sent.at(-1)).toBe('Debugger.resume')
  })

  test('resumes a pause that nobody waits for: a debugger statement, or one that came late', async () => {
    const connection = target()
    await attachDebugger(connection, soon())
    connection.emit('Debugger.paused', { callFrames: [] })
    expect(connection.sent).toEqual(['Debugger.enable', 'Debugger.resume'])
  })

  test('leaves a process alone that another debugger holds', async () => {
    const connection: PlayedConnection = playConnection({
      'Debugger.enable': () => {
        connection.emit('Debugger.paused', { callFrames: [] })
        return {}
      },
    })
    await expect(attachDebugger(connection, soon())).rejects.toMatchObject({ code: 'ERR_STALL_INSPECTOR_UNAVAILABLE' })
    expect(connection.sent).toEqual(['Debugger.enable'])
  })

  test('gives up when nothing pauses', async () => {
    const connection = playConnection({ 'Debugger.enable': () => ({}), 'Debugger.pause': () => ({}) })
    const debuggee = await attachDebugger(connection, soon())
    await expect(debuggee.whilePaused(performance.now() + 20, async () => 1)).rejects.toMatchObject({
      code: 'ERR_STALL_INSPECTOR_TIMEOUT',
    })
  })
})
