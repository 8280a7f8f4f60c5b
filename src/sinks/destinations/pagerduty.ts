/**
 * PagerDuty Events API v2 (https://developer.pagerduty.com/docs/events-api-v2/trigger-events/): pages somebody. Links only;
 * 512 KB at most; a dedup_key of at most 255 characters makes repeats and second attempts one alert.
 */
import type { Messenger, SinkContext } from '../contract/sink.js'

export function open(context: SinkContext): Messenger {
  const { values } = context
  const client = context.http(values.text('url') ?? 'https://events.pagerduty.com')
  const routingKey = values.needed('routing_key')
  return {
    kind: 'message',
    send: async ({ letter, fingerprint, incident }, _id, before) => {
      const { facts } = letter
      const key = `conductor-stall-${fingerprint ?? incident}`
      const links = [
        { href: facts['reportLink'], text: 'The report' },
        { href: facts['link'], text: 'The bundle' },
      ].filter(({ href }) => href !== null && href !== undefined)
      const event = {
        event_action: 'trigger',
        dedup_key: key,
        payload: {
          summary: letter.title.slice(0, 1024),
          source: String(facts['host'] ?? 'unknown'),
          severity: facts['level'] === 'stall' ? 'critical' : 'warning',
          timestamp: facts['createdAt'],
          component: facts['service'] ?? undefined,
          class: [facts['kind'], facts['cause']].filter(Boolean).join('/') || undefined,
          custom_details: { ...facts, count: before.count },
        },
        ...(links.length === 0 ? {} : { links }),
      }
      const shown = context.rehearse === null ? routingKey : '[secret]'
      const answer = await client.send('POST', '/v2/enqueue', { json: { routing_key: shown, ...event } })
      return { ref: answer.maybe('dedup_key') ?? key, url: null }
    },
    check: async () => [
      // Nothing but an event tells whether the key is right, and an event would page somebody.
      {
        ok: /^[\w-]{20,64}$/.test(routingKey),
        text: 'a routing key is set; only an event would show that it is right',
      },
    ],
  }
}
