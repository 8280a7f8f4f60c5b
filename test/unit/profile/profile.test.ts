import { createContext, Script } from 'node:vm'
import { describe, expect, it } from 'vitest'
import type { Frame } from '../../../src/model/frame.js'
import type { StackSamples } from '../../../src/model/samples.js'
import { toCollapsed } from '../../../src/profile/collapsed.js'
import { toCpuProfile } from '../../../src/profile/cpu-profile.js'
import { speedscopePage } from '../../../src/export/speedscope-page.js'

function frame(name: string | null, line: number | null, file: string | null = '/app/a b;c.js'): Frame {
  return { function: name, file, line, column: 1, tier: null, async: false, native: false }
}

const SAMPLES: StackSamples = {
  engine: 'memory',
  missed: 0,
  samples: [
    { atMs: 0, frames: [frame('leaf', 3), frame('main', 9)] },
    { atMs: 10, frames: [frame('leaf', 3), frame('main', 9)] },
    { atMs: 20.5, frames: [frame(null, 7), frame('main', 9)] },
    { atMs: 30, frames: [frame('(idle)', null, null)] },
  ],
}

describe('cpuprofile', () => {
  const profile = toCpuProfile(SAMPLES)

  it('has a node a place, with its hits', () => {
    expect(
      profile.nodes.map((node) => [node.callFrame.functionName, node.callFrame.lineNumber, node.hitCount]),
    ).toEqual([
      ['(root)', -1, 0],
      ['main', 8, 0],
      ['leaf', 2, 2],
      ['', 6, 1],
      ['(idle)', -1, 1],
    ])
    expect(profile.nodes[1]?.children).toEqual([3, 4])
    expect(profile.nodes[2]?.callFrame.url).toBe('file:///app/a%20b;c.js')
  })

  it('has a delta a sample, in microseconds, that add up to its length', () => {
    expect(profile.samples).toEqual([3, 3, 4, 5])
    expect(profile.timeDeltas).toEqual([0, 10_000, 10_500, 9500])
    expect(profile.endTime - profile.startTime).toBe(30_000)
  })
})

it('collapses stacks, outermost first, most frequent first, without separators in names', () => {
  expect(toCollapsed(SAMPLES).split('\n')).toEqual([
    'main@/app/a_b_c.js;leaf@/app/a_b_c.js 2',
    'main@/app/a_b_c.js;(anonymous)@/app/a_b_c.js:7 1',
    '(idle) 1',
    '',
  ])
})

it('makes one page of speedscope and profile that fetches nothing', () => {
  const page = speedscopePage('pid 1 </script>', '{"nodes":[]}').html
  expect(page).toContain(Buffer.from('{"nodes":[]}').toString('base64'))
  expect(page).not.toMatch(/<script[^>]+src=|<link[^>]+href=/)
  expect(page.split('</script>')).toHaveLength(4)
})

describe('the page of speedscope', () => {
  const profile = JSON.stringify(toCpuProfile(SAMPLES))
  const page = speedscopePage('pid 1.cpuprofile', profile).html
  const scripts = [...page.matchAll(/<script(?<attributes>[^>]*)>(?<text>[^]*?)<\/script>/g)].map(
    (match) => match.groups,
  )
  const [data, loader, bundle] = scripts.map((script) => script?.['text'] ?? '')

  it("holds scripts that a browser's parser takes", () => {
    expect(scripts.map((script) => script?.['attributes'])).toEqual([' id="profile" type="text/plain"', '', ''])
    expect(() => [loader, bundle].map((text) => new Script(text ?? ''))).not.toThrow()
    expect(bundle?.length).toBeGreaterThan(100_000)
  })

  it('hands the profile over in the way that this release of speedscope takes one', () => {
    // Its own contract: a local profile named by the hash makes it offer the function, which the page then calls.
    expect(bundle).toMatch(/hashParams\.localProfilePath\)\{window\.speedscope=\{loadFileFromBase64:/)
    const loaded: unknown[] = []
    const turns: (() => void)[] = []
    const places: unknown[] = []
    const window: Record<string, unknown> = { localStorage: {} }
    const context = createContext({
      window,
      location: {
        set hash(hash: unknown) {
          places.push(hash)
        },
      },
      document: { getElementById: (id: string) => (id === 'profile' ? { textContent: data } : null) },
      setInterval: (turn: () => void) => turns.push(turn),
      clearInterval: () => undefined,
    })
    new Script(loader ?? '').runInContext(context)
    expect(places).toEqual(['#view=left-heavy&localProfilePath=embedded&title=pid%201.cpuprofile'])
    turns[0]?.()
    expect(loaded).toEqual([])
    window['speedscope'] = { loadFileFromBase64: (...given: unknown[]) => loaded.push(given) }
    turns[0]?.()
    expect(loaded).toEqual([['pid 1.cpuprofile', Buffer.from(profile).toString('base64')]])
  })
})
