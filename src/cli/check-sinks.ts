/** What `doctor` says of the destinations: reachable, authorised, allowed to attach; and what waits or was refused. */
import type { Environment } from '../config/settings.js'
import { readSettings } from '../config/settings.js'
import { bundleDirectories, existingDirectories } from '../incident/directory.js'
import type { Check } from '../model/check.js'
import { plural } from '../model/amounts.js'
import { toStallError } from '../model/stall-error.js'
import { closeConnections } from '../sinks/http/http-client.js'
import { listStates } from '../sinks/outbox/journal.js'
import { openSinkHouse, parseDestination, type SinkHouse, SINKS } from '../sinks/registry/registry.js'

/** Never throws: what can't be checked is a finding. */
export async function checkSinks(env: Environment): Promise<Check[]> {
  try {
    const house = openSinkHouse({ env })
    const warnings = house.settings.warnings.map((text): Check => ({ verdict: 'warn', subject: 'sinks', text }))
    const used = new Set([
      ...Object.keys(SINKS).filter((sink) => house.settings.isMentioned(sink)),
      ...house.settings.to.map((name) => name.split(':')[0] ?? name),
    ])
    const checked = await Promise.all([...used].map(async (sink) => await checkSink(house, sink)))
    return [...warnings, ...checked.flat(), ...outboxFindings(env)]
  } catch (thrown) {
    return [failed('sinks', thrown)]
  } finally {
    await closeConnections()
  }
}

async function checkSink(house: SinkHouse, sink: string): Promise<Check[]> {
  const subject = `sink ${sink}`
  try {
    const opened = await house.open(parseDestination(sink))
    return (await opened.check()).map(({ ok, text, advice }) => ({
      verdict: ok ? ('ok' as const) : ('no' as const),
      subject,
      text: house.mask(text),
      ...(ok ? {} : { code: 'ERR_STALL_SINK_REFUSED' as const }),
      ...(advice === undefined ? {} : { advice }),
    }))
  } catch (thrown) {
    return [failed(subject, thrown, house.mask)]
  }
}

function failed(subject: string, thrown: unknown, mask: (text: string) => string = (text) => text): Check {
  const { code, message, help } = toStallError(thrown)
  return { verdict: 'no', subject, text: mask(message), code, ...(help === '' ? {} : { advice: help }) }
}

function outboxFindings(env: Environment): Check[] {
  const { settings } = readSettings(env)
  const states = existingDirectories(bundleDirectories(env, settings.dir)).flatMap((directory) => listStates(directory))
  const refused = states.filter(({ status }) => status === 'refused')
  const waiting = states.filter(({ status }) => status === 'waiting')
  const why = (some: typeof states): string => some.at(-1)?.error?.message ?? ''
  return [
    ...(waiting.length === 0
      ? []
      : [
          {
            verdict: 'warn' as const,
            subject: 'outbox',
            text: `${plural(waiting.length, 'delivery', 'deliveries')} waiting: ${why(waiting)}`,
            advice: 'conductor-diag ship',
          },
        ]),
    ...(refused.length === 0
      ? []
      : [
          {
            verdict: 'warn' as const,
            subject: 'outbox',
            text: `${plural(refused.length, 'delivery', 'deliveries')} refused: ${why(refused)}`,
            advice: 'Fix the cause, then: conductor-diag ship --refused',
          },
        ]),
  ]
}
