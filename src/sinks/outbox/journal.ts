/**
 * How far one delivery has come. Each step that changes something at the other end is written down before it begins and
 * after it is done. A process that died between the two leaves a step begun: whoever goes on first asks the other side
 * whether it was done.
 */
import path from 'node:path'
import { unlinkQuietly, writeDurably } from '../../incident/durable-file.js'
import { readNames } from '../../incident/bundle-list.js'
import { isIncidentId } from '../../incident/bundle-format.js'
import type { StallErrorCode } from '../../model/stall-error.js'
import type { Delivered } from '../contract/sink.js'
import { type Outbox, outboxIn, slugOf } from './layout.js'
import { readJson } from './orders.js'

export interface DeliveryState {
  readonly schema: 1
  readonly incident: string
  readonly destination: string
  readonly status: 'waiting' | 'delivered' | 'refused'
  /** ISO 8601. */
  readonly since: string
  readonly attempts: number
  /** ISO 8601; null: at once. */
  readonly nextAttemptAt: string | null
  /** The step that was begun and not ended. */
  readonly begun: string | null
  /** Results of the steps that are done. */
  readonly steps: Readonly<Record<string, unknown>>
  readonly error: { readonly code: StallErrorCode; readonly message: string; readonly help: string } | null
  /** Null until it is delivered. */
  readonly result: Delivered | null
  /** Delivered without a word: a repeat within the least time between comments. */
  readonly counted?: boolean
  /** What the destination did not take, in a sentence each. */
  readonly notes?: readonly string[]
}

export function newState(incident: string, destination: string, now: number): DeliveryState {
  return {
    schema: 1,
    incident,
    destination,
    status: 'waiting',
    since: new Date(now).toISOString(),
    attempts: 0,
    nextAttemptAt: null,
    begun: null,
    steps: {},
    error: null,
    result: null,
  }
}

export function stateName(incident: string, destination: string): string {
  return `${incident}.${slugOf(destination)}`
}

export function readState(outbox: Outbox, incident: string, destination: string): DeliveryState | null {
  return parseState(readJson(path.join(outbox.states, `${stateName(incident, destination)}.json`)))
}

export function writeState(outbox: Outbox, state: DeliveryState): void {
  writeDurably(outbox.states, `${stateName(state.incident, state.destination)}.json`, `${JSON.stringify(state)}\n`, {
    shared: true,
  })
}

export function dropStates(outbox: Outbox, incident: string): void {
  for (const name of readNames(outbox.states)) {
    if (name.startsWith(`${incident}.`)) unlinkQuietly(path.join(outbox.states, name))
  }
}

/** All that is known of deliveries in a folder of bundles, oldest incident first; or of one incident. */
export function listStates(directory: string, incident = ''): DeliveryState[] {
  const outbox = outboxIn(directory)
  return readNames(outbox.states)
    .filter((name) => name.endsWith('.json') && isIncidentId(name.slice(0, 26)) && name.startsWith(incident))
    .sort()
    .flatMap((name) => parseState(readJson(path.join(outbox.states, name))) ?? [])
}

function parseState(value: Record<string, unknown> | null): DeliveryState | null {
  if (value === null || typeof value['incident'] !== 'string' || typeof value['destination'] !== 'string') return null
  if (!['waiting', 'delivered', 'refused'].includes(String(value['status']))) return null
  if (typeof value['steps'] !== 'object' || value['steps'] === null) return null
  return value as unknown as DeliveryState
}

export interface Journal {
  readonly state: DeliveryState
  /**
   * One step, done once: `act` unless it is written down as done. Where it was begun before and `look` is given, that is
   * asked first and may answer what `act` would have; null when it was not done.
   */
  step<T>(name: string, act: () => Promise<T>, look?: () => Promise<T | null>): Promise<T>
  note(text: string): void
  update(change: Partial<DeliveryState>): void
}

/** @param write safe on disk when it returns; throws when this process may no longer do anything */
export function openJournal(initial: DeliveryState, write: (state: DeliveryState) => void): Journal {
  let state = initial
  const update = (change: Partial<DeliveryState>): void => {
    state = { ...state, ...change }
    write(state)
  }
  return {
    get state() {
      return state
    },
    update,
    note: (text) => {
      if (!(state.notes ?? []).includes(text)) update({ notes: [...(state.notes ?? []), text] })
    },
    async step<T>(name: string, act: () => Promise<T>, look?: () => Promise<T | null>): Promise<T> {
      if (Object.hasOwn(state.steps, name)) return state.steps[name] as T
      let result: T | null = null
      if (state.begun === name && look !== undefined) result = await look()
      else if (state.begun !== name) update({ begun: name })
      result ??= await act()
      update({ begun: null, steps: { ...state.steps, [name]: result ?? true } })
      return result
    },
  }
}
