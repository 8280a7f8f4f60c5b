/**
 * A dump through the agent that the process has: its own threads look, with the clocks' history, the in-process
 * inspector and no permission asked of the kernel. It leaves an incident there, which is read back.
 */
import path from 'node:path'
import type { Bundle } from '../incident/bundle-reader.js'
import type { Evidence } from '../model/evidence.js'
import { StallError, toStallError } from '../model/stall-error.js'
import type { Verdict } from '../model/verdict.js'
import { type ControlClient, connectToAgent } from '../platform/control/client.js'
import { asUser } from '../platform/files/as-user.js'
import { type FolderHandle, openFolder } from '../platform/files/folder-handle.js'
import { readStatus } from '../platform/procfs/status.js'
import { withDumpPointers } from './pointers.js'

export interface AgentInvestigation {
  readonly evidence: Evidence
  /** Pointers as in a dump. */
  readonly verdicts: readonly Verdict[]
  readonly incident: string
  /** Written by the process, which may say and put there what it likes. */
  readonly bundle: Bundle
  /** Where it is, as this process reaches it. */
  readonly folder: string
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
  // Only now: most processes have no agent, and it loads node:crypto.
  const { readArtifact, readBundle } = await import('../incident/bundle-reader.js')
  try {
    const folder = openBundleOf(pid, result.path)
    const bundle = readBundle(folder.inside)
    const evidence = JSON.parse(readArtifact(bundle, 'evidence.json').toString('utf8')) as Evidence
    const verdicts = bundle.manifest.verdicts.map(withDumpPointers)
    return { evidence, verdicts, incident: result.incident, bundle, folder: `/proc/${pid}/root${result.path}` }
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

/**
 * The folder that the agent names, held open. Whoever answers on the socket may name anything: it is opened with the
 * rights of the process's user, through links too, and has to be that user's. Named as the process sees it: its mount
 * namespace may be another.
 */
function openBundleOf(pid: number, named: unknown): FolderHandle {
  const { effectiveUid, effectiveGid } = readStatus(`/proc/${pid}`)
  if (typeof named !== 'string' || !path.isAbsolute(named) || path.normalize(named) !== named) {
    throw new StallError('ERR_STALL_BUNDLE_NOT_FOUND', `the agent names no folder: ${String(named).slice(0, 200)}`)
  }
  const folder = asUser(effectiveUid, effectiveGid, () => openFolder(`/proc/${pid}/root${named}`))
  if (folder.uid === effectiveUid) return folder
  folder.dispose()
  throw new StallError('ERR_STALL_PERMISSION', `${named} belongs to user ${folder.uid}, not to the process's user`)
}
