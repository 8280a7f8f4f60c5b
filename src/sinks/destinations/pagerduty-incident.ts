/**
 * PagerDuty's REST API (https://developer.pagerduty.com/api-reference/): incidents as tickets, notes as comments. Found
 * again by `incident_key`, which is the cause's mark: of one key PagerDuty keeps one open incident. It takes no files.
 */
import { letterAsText } from '../../report/letter/as-text.js'
import type { Answer } from '../contract/answer.js'
import type { SinkContext, Ticket, TicketSystem } from '../contract/sink.js'
import { refused } from '../contract/sink-error.js'
import { bestOf } from './ticket-search.js'

const MAX_NOTE = 25_000

export function open(context: SinkContext): TicketSystem {
  const { values } = context
  const client = context.http(values.text('url') ?? 'https://api.pagerduty.com', {
    authorization: `Token token=${values.needed('token')}`,
    accept: 'application/vnd.pagerduty+json;version=2',
    from: values.needed('from'),
  })
  const toTicket = (answer: Answer, ...path: string[]): Ticket => ({
    ref: answer.text(...path, 'id'),
    url: answer.maybe(...path, 'html_url'),
    open: answer.maybe(...path, 'status') !== 'resolved',
  })
  const path = (ref: string): string => `/incidents/${encodeURIComponent(ref)}`
  const byKey = async (key: string): Promise<Ticket | null> => {
    const query = { incident_key: key, date_range: 'all', sort_by: 'created_at:desc', limit: '20' }
    return bestOf((await client.get('/incidents', { query })).list('incidents').map((each) => toTicket(each)))
  }
  return {
    kind: 'ticket',
    get: async (key) => toTicket(await client.get(path(key)), 'incident'),
    find: async (mark) => await byKey(mark),
    create: async (letter, marks) => {
      const key = marks.cause ?? marks.incident
      const answer = await client.send('POST', '/incidents', {
        // An open incident of this key: an attempt of before whose answer was lost.
        accept: [400],
        json: {
          incident: {
            type: 'incident',
            title: letter.title,
            service: { id: values.needed('service'), type: 'service_reference' },
            incident_key: key,
            body: { type: 'incident_body', details: letterAsText(letter, MAX_NOTE) },
          },
        },
      })
      if (answer.status !== 400) return toTicket(answer, 'incident')
      const known = await byKey(key)
      if (known === null) throw refused(`POST /incidents answered 400: ${JSON.stringify(answer.body).slice(0, 300)}`)
      return known
    },
    comment: async ({ ref }, letter) => {
      await client.send('POST', `${path(ref)}/notes`, { json: { note: { content: letterAsText(letter, MAX_NOTE) } } })
    },
    hasComment: async ({ ref }, mark) =>
      (await client.get(`${path(ref)}/notes`))
        .list('notes')
        .some((note) => note.maybe('content')?.includes(mark) === true),
    check: async () => {
      const service = values.text('service')
      if (service === null) {
        await client.get('/abilities')
        return [
          { ok: true, text: 'the token is right; new incidents need CONDUCTOR_STALL_SINK_PAGERDUTY_INCIDENT_SERVICE' },
        ]
      }
      const found = await client.get(`/services/${encodeURIComponent(service)}`)
      return [{ ok: true, text: `service ${found.maybe('service', 'name') ?? service} can be seen` }]
    },
  }
}
