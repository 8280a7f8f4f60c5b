import { describe, expect, it } from 'vitest'
import { prepareNativeCalls, type NativeCalls } from '../../../../src/agent/shared/native-exit.js'
import { NativeLoader } from '../../../../src/agent/watch-thread/native-loader.js'

const CALLS: NativeCalls = { exit: () => undefined, send: () => 0, peerUser: () => null, notify: () => null }

type Loaded = ReturnType<typeof prepareNativeCalls>

function scene(options: { waits?: () => boolean | null; loads?: Loaded; busy?: number } = {}) {
  const probes: ((failure: string | null) => void)[] = []
  const seen = { loads: 0, probes }
  const loader = new NativeLoader({
    waitsForEvents: options.waits ?? (() => false),
    load: () => {
      seen.loads++
      return seen.loads <= (options.busy ?? 0) ? 'busy' : (options.loads ?? CALLS)
    },
    probe: (done) => void probes.push(done),
  })
  return { loader, seen }
}

describe('koffi is loaded in the watch thread', () => {
  it('as soon as the main thread waits for events, and once', () => {
    let waits = false
    const { loader, seen } = scene({ waits: () => waits })
    loader.turn()
    expect(seen.loads).toBe(0)
    waits = true
    loader.turn()
    loader.turn()
    expect(seen.loads).toBe(1)
    expect(loader.calls).toBe(CALLS)
  })

  it('never while another thread may hold the lock, however often it is wanted', () => {
    const { loader, seen } = scene()
    let settled = 0
    for (let i = 0; i < 100; i++) loader.turn()
    loader.want(() => settled++)
    loader.want(() => settled++)
    expect([seen.loads, seen.probes.length, settled]).toEqual([0, 1, 0])
    seen.probes[0]?.(null)
    expect([seen.loads, settled, loader.calls]).toEqual([1, 2, CALLS])
  })

  it('after a probe where it can not be seen what the main thread does', () => {
    const { loader, seen } = scene({ waits: () => null })
    loader.want(() => undefined)
    seen.probes[0]?.(null)
    expect(loader.calls).toBe(CALLS)
  })

  it('at a later turn when the main thread turned out to be busy in between', () => {
    const { loader, seen } = scene({ waits: () => true, busy: 2 })
    loader.turn()
    loader.turn()
    expect(loader.calls).toBeNull()
    loader.turn()
    expect([seen.loads, loader.calls]).toEqual([3, CALLS])
  })

  it('really, only where it may take the lock, and leaves the loading of others alone', () => {
    const dlopen: unknown = Reflect.get(process, 'dlopen')
    expect(prepareNativeCalls(() => false)).toBe('busy')
    expect(Reflect.get(process, 'dlopen')).toBe(dlopen)
    expect(prepareNativeCalls(() => true)).toMatchObject({ exit: expect.any(Function), send: expect.any(Function) })
  })

  it('or says why not', () => {
    const missing = scene({ waits: () => true, loads: { no: 'no such module' } })
    missing.loader.turn()
    expect(missing.loader).toMatchObject({ calls: null, failure: 'no such module' })
    const refused = scene()
    let failure: string | null = null
    refused.loader.want(() => (failure = refused.loader.failure))
    refused.seen.probes[0]?.('no thread')
    expect([failure, refused.seen.loads]).toEqual(['no thread', 0])
  })
})
