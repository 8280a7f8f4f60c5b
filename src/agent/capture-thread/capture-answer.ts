/** The outcome of an investigation as the watch thread, the control socket and the API tell it. */
import { movedAgain } from '../../diagnose/view/moved-again.js'
import type { InsideResult } from '../../investigate/inside.js'
import type { Verdict, VerdictPlace } from '../../model/verdict.js'
import type { CaptureAnswer, ErrorText, VerdictText } from '../shared/messages.js'

export function answerOf({ bundle, storeError, verdicts, evidence }: InsideResult): CaptureAnswer {
  const [first] = verdicts
  const problem = storeError ?? (bundle?.status === 'unsealed' ? bundle.error : null)
  return {
    incident: bundle?.manifest.id ?? null,
    bundlePath: bundle?.path ?? null,
    verdict: first ? textOf(first) : null,
    verdicts: verdicts.map(nameOf),
    problem: problem ? (problem.toJSON() satisfies ErrorText) : null,
    ...(bundle?.status === 'sealed' && first ? deadOf(first) : {}),
    ...(movedAgain(evidence) === null ? {} : { movedAgain: true }),
  }
}

/** Only once the evidence is safe: nothing is closed before. */
function deadOf({ connection, summary, where, chain }: Verdict): Pick<CaptureAnswer, 'dead'> {
  return connection === undefined ? {} : { dead: { connection, verdict: { summary, where, chain } } }
}

function textOf(verdict: Verdict): VerdictText {
  return {
    name: nameOf(verdict),
    confidence: verdict.confidence,
    summary: verdict.summary,
    place: verdict.where ? placeOf(verdict.where) : null,
    ...(verdict.work === undefined ? {} : { work: verdict.work }),
  }
}

function nameOf({ kind, cause }: Verdict): string {
  return cause === null ? kind : `${kind}/${cause}`
}

/** The original source's position where a map told it. */
function placeOf(place: VerdictPlace): string {
  const file = place.source?.file ?? place.file
  const line = place.source?.line ?? place.line
  const column = place.source ? null : place.column
  const at = `${file}:${line}${column === null ? '' : `:${column}`}`
  return place.function === null ? at : `${place.function} (${at})`
}
