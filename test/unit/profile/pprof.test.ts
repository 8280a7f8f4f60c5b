/** Read back by pprof's own tool where Go is installed, and by the library's decoder everywhere. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { Profile } from 'pprof-format'
import { expect, test } from 'vitest'
import type { StackSamples } from '../../../src/model/samples.js'
import { toPprof } from '../../../src/profile/pprof.js'

function frame(name: string | null, line: number) {
  return { function: name, file: '/app/worker.js', line, column: 1, tier: null, async: false, native: false } as const
}

const SAMPLES: StackSamples = {
  engine: 'memory',
  missed: 0,
  samples: [3, 3, 4, 3].map((line, i) => ({ atMs: i * 10, frames: [frame('leaf', line), frame('main', 9)] })),
}
const BYTES = toPprof(SAMPLES, { startedAtMs: Date.parse('2026-11-25T10:00:00Z'), comment: 'node worker.js' })

test('one function, a location a line, a value a sample', () => {
  const profile = Profile.decode(gunzipSync(BYTES))
  const name = (index: number | bigint): string => profile.stringTable.strings[Number(index)] ?? ''
  expect(profile.function.map((each) => name(each.name))).toEqual(['leaf', 'main'])
  expect(profile.location.map((each) => Number(each.line[0]?.line))).toEqual([3, 9, 4])
  expect(profile.sample.map((each) => each.value.map(Number))).toEqual(Array.from({ length: 4 }, () => [1, 10_000_000]))
  expect(profile.sampleType.map((each) => `${name(each.type)}/${name(each.unit)}`)).toEqual([
    'samples/count',
    'wall/nanoseconds',
  ])
})

const go = ['go', '/usr/local/go/bin/go'].find((each) => spawnSync(each, ['version']).status === 0)

// Go builds its tool at the first call: most of a minute on a small machine.
test.skipIf(go === undefined)('go tool pprof shows the functions with their shares', { timeout: 180_000 }, () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'pprof-'))
  const file = path.join(folder, 'profile.pb.gz')
  writeFileSync(file, BYTES)
  const env = { ...process.env, GOTOOLCHAIN: 'local', GOFLAGS: '-mod=mod' }
  const shown = spawnSync(go ?? '', ['tool', 'pprof', '-top', '-sample_index=samples', file], { encoding: 'utf8', env })
  rmSync(folder, { recursive: true, force: true })
  expect(shown.stdout).toMatch(/4\s+100%\s+100%\s+4\s+100%\s+leaf/)
  expect(shown.stdout).toMatch(/0\s+0%\s+100%\s+4\s+100%\s+main/)
})
