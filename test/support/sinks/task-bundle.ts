/** A sealed bundle whose verdict names a task of Conductor's. */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { SEAL_PARTS } from '../incidents.js'
import { stallBundle } from './outbox-run.js'

/** @param ended its worker was ended by the watchdog, or so its note says. @returns its id */
export function taskBundle(directory: string, taskId: string, ended: boolean): string {
  const task = { taskId, taskType: 'charge', workflowId: 'w-1', retryCount: 0, pollCount: 1 }
  const incident = stallBundle(directory, 'validate', { work: [{ task }] })
  const { pid, startTime } = SEAL_PARTS.process
  const note = { schema: 1, pid, startTime, endedAt: new Date().toISOString(), reason: 'loop-silence', incident }
  if (ended) writeFileSync(path.join(directory, `tombstone-${pid}-1.json`), JSON.stringify(note))
  return incident
}
