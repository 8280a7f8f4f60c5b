/**
 * The evidence of a bundle that was cut off before it was joined (kill -9, power, the memory that ran out): each part of each
 * look is on disk before the next is taken, so what there is of them says nearly as much.
 */
import { joinEvidence } from '../evidence/join.js'
import { type Bundle, readArtifact } from '../incident/bundle-reader.js'
import { isEvidence } from '../incident/evidence-shape.js'
import type { ConnectionWatch } from '../model/connection-watch.js'
import type { Evidence, FreshConnection } from '../model/evidence.js'
import type { CapturedLook, LookOutcomes } from '../model/look.js'
import type { CaptureOutcome } from '../model/outcome.js'
import type { Retained } from '../model/retained.js'
import type { StackSamples } from '../model/samples.js'

const PARTS = ['kernel', 'stacks', 'awaits', 'pool', 'heap', 'starvation', 'debugger'] as const
const MAX_LOOKS = 16

/** Null where nothing tells who the process is, where no look has a time, or where the files are not what a capture writes. */
export function evidenceFromLooks(bundle: Bundle): Evidence | null {
  const { process, stall } = bundle.manifest
  if (!wasCutOff(bundle) || process.pid === 0) return null
  const read = reader(bundle)
  try {
    const looks: CapturedLook[] = []
    for (let index = 1; index <= MAX_LOOKS; index++) {
      const look = lookOf(read, index)
      if (look !== null) looks.push(look)
    }
    const told = looks.filter((look) => look.stacks !== undefined && look.awaits !== undefined)
    // The one that was being taken has half of its parts: it would say that nobody waits.
    const used = told.length > 0 ? told : looks
    const last = used.at(-1)
    if (last === undefined) return null
    const evidence = joinEvidence({
      process,
      stall,
      from: stall === null || stall.trigger === 'outside' ? 'outside' : 'inside',
      // As they were when the silence was noticed: what they showed later was not written.
      looks: [...used.slice(0, -1), { ...last, clocks: stall?.clocks ?? null }],
      samples: read<StackSamples>('samples.json'),
      freshConnections: read<readonly FreshConnection[]>('fresh-connections.json'),
      watchedConnections: read<readonly ConnectionWatch[]>('connections.json'),
      retained: read<Retained>('retained.json'),
    })
    return isEvidence(evidence) ? evidence : null
  } catch {
    // Not as a capture writes them: the files themselves are what there is.
    return null
  }
}

/** Also one that a later process has sealed as it was. */
export function wasCutOff({ manifest }: Bundle): boolean {
  const unsaid = manifest.missing.some(({ name, code }) => name === 'verdict' && code === 'ERR_STALL_BUNDLE_UNSEALED')
  return unsaid && manifest.verdicts.length === 0
}

type Read = <T>(name: string) => CaptureOutcome<T> | undefined

function reader(bundle: Bundle): Read {
  const there = new Set(bundle.manifest.artifacts.map(({ name }) => name))
  // eslint-disable-next-line typescript/no-unnecessary-type-parameters -- the name says what it is
  return <T>(name: string) => {
    if (!there.has(name)) return undefined
    const evidence = JSON.parse(readArtifact(bundle, name).toString('utf8')) as T
    return { status: 'captured', evidence, tookMs: 0, pausedMs: 0 }
  }
}

/** A look begins with the kernel's part, which has the time; one without is none. */
function lookOf(read: Read, index: number): CapturedLook | null {
  const outcomes: LookOutcomes = Object.fromEntries(PARTS.map((part) => [part, read(`look-${index}-${part}.json`)]))
  const { kernel } = outcomes
  return kernel?.status === 'captured' ? { ...outcomes, takenAtMs: kernel.evidence.takenAtMs } : null
}
