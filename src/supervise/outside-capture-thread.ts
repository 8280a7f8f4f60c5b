/** The thread that looks at a worker from outside and seals what it saw (outside-capture.ts). */
import { parentPort, workerData } from 'node:worker_threads'
import { outsideInspector } from '../inspector/open-inspector.js'
import { openIncidentBundle } from '../investigate/bundle.js'
import { identifyProcess } from '../investigate/identity.js'
import { investigateOutside } from '../investigate/outside.js'
import { openTarget } from '../investigate/target-process.js'
import { StallError } from '../model/stall-error.js'
import { createRedactor } from '../redact/redactor.js'
import type { OutsideCaptureData, OutsideIncident } from './outside-capture.js'

async function capture({ pid, stall, directories }: OutsideCaptureData): Promise<OutsideIncident> {
  const { target, runtime } = openTarget(pid)
  const redactor = createRedactor()
  const identity = identifyProcess({
    pid,
    root: target.procRoot ?? `/proc/${pid}`,
    node: runtime.version,
    v8: runtime.v8,
    agent: true,
    redactArguments: (argv) => redactor.argv(argv),
  })
  const bundle = openIncidentBundle({ directories, process: identity, stall })
  if (bundle instanceof StallError) throw bundle
  // Memory only: the inspector would need a signal that a stopped process never takes.
  const findings = await investigateOutside(target, identity, {
    engine: 'memory',
    looks: 2,
    profileMs: 0,
    capture: { redactor, locals: false, stop: false, calibrate: false, native: false },
    store: bundle.store,
    inspector: outsideInspector(),
  })
  const sealed = bundle.seal(findings, redactor.counts, stall.clocks)
  if (sealed.status === 'unsealed') throw sealed.error
  const [first] = findings.verdicts
  const verdict = first === undefined ? null : first.cause === null ? first.kind : `${first.kind}/${first.cause}`
  return { incident: sealed.manifest.id, bundle: sealed.path, verdict }
}

const alive = setInterval(() => undefined, 60_000)
capture(workerData as OutsideCaptureData)
  .then((incident) => parentPort?.postMessage(incident))
  .catch((error: unknown) => parentPort?.postMessage({ error: error instanceof Error ? error.message : String(error) }))
  .finally(() => clearInterval(alive))
