/** A bundle as a row of a list: what its manifest says, or why it can't be read. */
import path from 'node:path'
import type { BundleEntry } from '../incident/bundle-list.js'
import { readBundle } from '../incident/bundle-reader.js'
import { toStallError } from '../model/stall-error.js'
import type { DeliveryLine, IncidentLine } from '../report/incident-list.js'
import { type DeliveryState, listStates } from '../sinks/outbox/journal.js'

/** All of them: what is known of deliveries is read once a folder. */
export function toLines(entries: readonly BundleEntry[]): IncidentLine[] {
  const byFolder = new Map<string, ReadonlyMap<string, DeliveryState[]>>()
  return entries.map((entry) => {
    const folder = path.dirname(entry.path)
    const states = byFolder.get(folder) ?? statesIn(folder)
    byFolder.set(folder, states)
    return toLine(entry, states.get(entry.id) ?? [])
  })
}

function statesIn(folder: string): ReadonlyMap<string, DeliveryState[]> {
  const byIncident = new Map<string, DeliveryState[]>()
  for (const state of listStates(folder)) {
    byIncident.set(state.incident, [...(byIncident.get(state.incident) ?? []), state])
  }
  return byIncident
}

export function toLine(entry: BundleEntry, states = listStates(path.dirname(entry.path), entry.id)): IncidentLine {
  const base = {
    id: entry.id,
    path: entry.path,
    state: entry.state,
    createdAt: new Date(entry.createdAtMs).toISOString(),
    sizeBytes: entry.sizeBytes,
    deliveries: states.map(deliveryOf),
  }
  try {
    return { ...base, ...summaryOf(entry.path), fault: null }
  } catch (thrown) {
    const who = { service: null, pid: null, hostname: null, cwd: null }
    const what = { trigger: null, level: null, verdict: null, fingerprint: null, follows: null }
    return { ...base, ...who, ...what, fault: toStallError(thrown).message }
  }
}

function deliveryOf({ destination, status, result, error }: DeliveryState): DeliveryLine {
  return { destination, status, link: result?.url ?? result?.ref ?? null, why: error?.message ?? null }
}

type Summary = Omit<IncidentLine, 'id' | 'path' | 'state' | 'createdAt' | 'sizeBytes' | 'fault' | 'deliveries'>

function summaryOf(folder: string): Summary {
  const { process, stall, verdicts, fingerprint = null, follows = null } = readBundle(folder).manifest
  const [main] = verdicts
  const { service, pid, hostname, cwd } = process
  const verdict =
    main === undefined
      ? null
      : {
          kind: main.kind,
          cause: main.cause,
          confidence: main.confidence,
          where: main.where,
          summary: main.summary,
        }
  const { trigger = null, level = null } = stall ?? {}
  return { service, pid, hostname, cwd, trigger, level, verdict, fingerprint, follows }
}
