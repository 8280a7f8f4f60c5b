/** The hot lines of a CPU profile, and what V8's pseudo-functions say. Pure. */
import type Protocol from 'devtools-protocol'
import type { ProfileSummary } from '../../model/samples.js'
import { fileOf } from './frames.js'

const MAX_HOT = 20

export function summarizeProfile(profile: Protocol.Profiler.Profile, artifact: string): ProfileSummary {
  const places = new Map<string, { function: string; file: string; line: number; ticks: number }>()
  const pseudo = new Map<string, number>()
  let total = 0
  for (const node of profile.nodes) {
    const ticks = node.hitCount ?? 0
    total += ticks
    const { functionName, url, lineNumber } = node.callFrame
    if (url === '' && functionName.startsWith('(')) {
      pseudo.set(functionName, (pseudo.get(functionName) ?? 0) + ticks)
      continue
    }
    const file = fileOf(url) ?? ''
    // Ticks by line where V8 gives them: the function's own line says less than the hot one.
    const lines = node.positionTicks ?? [{ line: lineNumber + 1, ticks }]
    for (const position of lines) {
      const key = `${functionName}\0${file}\0${position.line}`
      const place = places.get(key) ?? { function: functionName, file, line: position.line, ticks: 0 }
      place.ticks += position.ticks
      places.set(key, place)
    }
  }
  const share = (ticks: number): number => (total === 0 ? 0 : Math.round((ticks / total) * 10_000) / 10_000)
  return {
    artifact,
    durationMs: Math.round((profile.endTime - profile.startTime) / 1000),
    samples: total,
    hot: [...places.values()]
      .filter((place) => place.ticks > 0)
      .sort((a, b) => b.ticks - a.ticks)
      .slice(0, MAX_HOT)
      .map(({ ticks, ...place }) => ({ ...place, share: share(ticks) })),
    gcShare: share(pseudo.get('(garbage collector)') ?? 0),
    idleShare: share(pseudo.get('(idle)') ?? 0),
    programShare: share(pseudo.get('(program)') ?? 0),
  }
}
