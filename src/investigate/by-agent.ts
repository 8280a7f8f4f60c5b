/**
 * A dump through the agent that the process has: its own threads look, with the clocks' history, the in-process
 * inspector and no permission asked of the kernel. It leaves an incident there, which is read back.
 */
import { cpSync, renameSync } from 'node:fs'
import path from 'node:path'
import { prepareDirectory } from '../incident/directory.js'
import type { Evidence } from '../model/evidence.js'
import { StallError, toStallError } from '../model/stall-error.js'
import type { Verdict } from '../model/verdict.js'
import { type ControlClient, connectToAgent } from '../platform/control/client.js'
import { withDumpPointers } from './pointers.js'

export interface AgentInvestigation {
  readonly evidence: Evidence
  /** Pointers as in a dump. */
  readonly verdicts: readonly Verdict[]
  readonly incident: string
  /** The bundle as this process reaches it. */
  readonly bundle: string
}

/** Null when there is no agent; `problem` when there is one that does not answer. */
export async function findAgent(pid: number): Promise<{ client: ControlClient | null; problem: StallError | null }> {
  try {
    return { client: await connectToAgent(pid), problem: null }
  } catch (thrown) {
    return { client: null, problem: toStallError(thrown) }
  }
}

export interface AgentDumpOptions {
  readonly profileMs: number
  readonly locals: boolean
  readonly onStep?: (step: string) => void
}

/** Two looks, samples and sealing, on a machine that may be busy. */
const CAPTURE_MS = 45_000

/** @throws StallError what the agent says, or ERR_STALL_PERMISSION when its bundle can't be read from here */
export async function investigateByAgent(
  pid: number,
  client: ControlClient,
  options: AgentDumpOptions,
): Promise<AgentInvestigation> {
  const { profileMs, locals } = options
  const result = await client.capture(
    { reason: 'conductor-diag dump', profileMs, locals },
    { timeoutMs: CAPTURE_MS + profileMs, onProgress: ({ step }) => options.onStep?.(step) },
  )
  // Named as the process sees it: its mount namespace may be another.
  const folder = `/proc/${pid}/root${result.path}`
  // Only now: most processes have no agent, and it loads node:crypto.
  const { readArtifact, readBundle } = await import('../incident/bundle-reader.js')
  try {
    const bundle = readBundle(folder)
    const evidence = JSON.parse(readArtifact(bundle, 'evidence.json').toString('utf8')) as Evidence
    const verdicts = bundle.manifest.verdicts.map(withDumpPointers)
    return { evidence, verdicts, incident: result.incident, bundle: folder }
  } catch (thrown) {
    const error = toStallError(thrown)
    throw new StallError(
      error.code,
      `the agent wrote incident ${result.incident}, which can't be read: ${error.message}`,
      {
        help: `It is in ${result.path}, as the process sees it.`,
        cause: thrown,
      },
    )
  }
}

/** A copy of the sealed bundle in `folder`, there whole or not at all. @returns where it is */
export function copyBundle(bundle: string, folder: string): string {
  prepareDirectory({ path: folder, from: '--out', shared: false })
  const final = path.join(folder, path.basename(bundle))
  cpSync(bundle, `${final}.partial`, { recursive: true, errorOnExist: true, force: false })
  renameSync(`${final}.partial`, final)
  return final
}
