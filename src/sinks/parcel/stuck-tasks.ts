/** Which tasks stood still: those that the main verdict names, and those past the time that they may take. */
import type { IncidentManifest } from '../../model/incident.js'
import type { TaskInFlight } from '../../model/evidence.js'
import type { WorkTask } from '../../model/work.js'
import { verdictName } from '../../report/dump-text.js'
import { placeLine } from '../../report/places.js'
import type { ReportedIncident } from '../../report/reported-incident.js'
import { printable } from '../../report/terminal.js'
import type { StuckTask, StuckWork } from '../contract/stuck-work.js'

/** Each is a few requests. */
const MAX_TASKS = 100

/** Null where nothing is known of a task of Conductor's. */
export function stuckWorkOf(
  { manifest, evidence }: ReportedIncident,
  directory: string,
  redact: (text: string) => string,
): StuckWork | null {
  const tasks = new Map<string, StuckTask>()
  const add = ({ taskId, taskType, workflowId }: StuckTask): void =>
    void tasks.set(taskId, { taskId, taskType, workflowId })
  for (const { task } of manifest.verdicts[0]?.work ?? []) if (task !== undefined) add(task)
  for (const task of evidence?.tasks ?? []) if (isConductors(task) && isOverdue(task)) add(known(task))
  if (tasks.size === 0) return null
  const { pid, startTicks, hostname } = manifest.process
  const said = `${verdictText(manifest)} Worker ${hostname}, pid ${pid}; incident ${manifest.id}.`
  return {
    pid,
    startTicks,
    directory,
    ending: manifest.stall?.level === 'stall',
    tasks: [...tasks.values()].slice(0, MAX_TASKS),
    text: printable(redact(`conductor-stall-agent: ${said}`)),
    reason: printable(redact(`conductor-stall-agent ended the worker. Incident ${manifest.id}: ${shortOf(manifest)}`)),
  }
}

function isConductors({ clock }: TaskInFlight): boolean {
  return clock.startsWith('conductor:')
}

function isOverdue({ ageMs, responseTimeoutMs }: TaskInFlight): boolean {
  return responseTimeoutMs !== null && ageMs > responseTimeoutMs
}

function known({ taskId, work }: TaskInFlight): StuckTask {
  const task: WorkTask | undefined = work?.task
  return { taskId, taskType: task?.taskType ?? null, workflowId: task?.workflowId ?? null }
}

function verdictText({ verdicts: [main], process }: IncidentManifest): string {
  if (main === undefined) return 'stalled, with no verdict.'
  const place = main.where === null ? '' : ` At ${placeLine(main.where, process.cwd)}.`
  return `${verdictName(main)} (${main.confidence}). ${main.summary}${place} Next: ${main.nextStep}`
}

function shortOf({ verdicts: [main], process }: IncidentManifest): string {
  if (main === undefined) return 'no verdict'
  return `${verdictName(main)}${main.where === null ? '' : ` at ${placeLine(main.where, process.cwd)}`}`
}
