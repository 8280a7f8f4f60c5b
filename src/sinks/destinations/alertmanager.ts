/**
 * Prometheus Alertmanager, `POST /api/v2/alerts` (its OpenAPI file, api/v2/openapi.yaml). Labels are the identity: an alert
 * that comes again with the same labels is the same one, so repeats and second attempts are harmless.
 */
import type { Messenger, Parcel, SinkContext } from '../contract/sink.js'
import { basic } from './ticket-search.js'

export function open(context: SinkContext): Messenger {
  const { values, now } = context
  const base = values.needed('url')
  const user = values.text('user')
  const password = values.text('password')
  const authorization = user !== null ? basic(user, password ?? '') : password === null ? null : `Bearer ${password}`
  const client = context.http(base, authorization === null ? {} : { authorization })
  const minutes = values.number('minutes', 60)
  return {
    kind: 'message',
    send: async (parcel, _id, before) => {
      const labels = labelsOf(parcel)
      const { summary, nextStep, link, reportLink, incident } = parcel.letter.facts
      await client.send('POST', '/api/v2/alerts', {
        json: [
          {
            labels,
            annotations: {
              summary: String(summary ?? parcel.letter.title),
              description:
                `${String(nextStep ?? '')} Incident ${String(incident)}, ${before.count} of this cause.`.trim(),
              incident: parcel.incident,
              ...(link === null ? {} : { bundle: String(link) }),
              ...(reportLink === null ? {} : { report: String(reportLink) }),
            },
            startsAt: new Date(now()).toISOString(),
            endsAt: new Date(now() + minutes * 60_000).toISOString(),
            ...(link === null ? {} : { generatorURL: String(link) }),
          },
        ],
        answers: 'text',
      })
      const filter = Object.entries(labels)
        .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
        .join(',')
      return {
        ref: labels['fingerprint'] ?? parcel.incident,
        url: `${base}/#/alerts?filter=${encodeURIComponent(`{${filter}}`)}`,
      }
    },
    check: async () => {
      const status = await client.get('/api/v2/status')
      return [{ ok: true, text: `Alertmanager ${status.maybe('versionInfo', 'version') ?? ''} answers` }]
    },
  }
}

/** What stays the same for one cause: neither host, nor pid, nor incident. */
function labelsOf({ letter, fingerprint, incident }: Parcel): Record<string, string> {
  const { service, kind, cause, level } = letter.facts
  const labels = {
    alertname: 'ConductorWorkerStalled',
    fingerprint: fingerprint ?? incident,
    service,
    kind,
    cause,
    severity: level === 'stall' ? 'critical' : 'warning',
  }
  const filled = Object.entries(labels).filter(([, value]) => value !== null && value !== undefined && value !== '')
  return Object.fromEntries(filled.map(([name, value]) => [name, String(value)]))
}
