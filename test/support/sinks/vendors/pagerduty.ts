/** PagerDuty's Events API v2. */
import type { Reply } from '../contract-server.js'
import { add, bodyOf, breaks, missing, ok, rule, textAt, valueAt, type Vendor, vendorOf } from './vendor.js'

const PAGE = 'https://developer.pagerduty.com/docs/events-api-v2/trigger-events/'
const RULES = {
  key: rule('a routing key of 32 characters', PAGE),
  action: rule('event_action is trigger, acknowledge or resolve', PAGE),
  dedup: rule('dedup_key has 255 characters at most', PAGE),
  payload: rule('a summary of 1,024 characters, a source, one of four severities', PAGE),
  size: rule('an event has 512 KB at most', 'https://developer.pagerduty.com/docs/events-api-v2/overview/'),
}
export const ROUTING_KEY = 'r'.repeat(32)
const MAX_BYTES = 512 * 1024

/** "API response codes & retry logic" of the overview: 429, "retry after some time"; no header says when. */
const limited = (): Reply => ({ status: 429, body: { status: 'throttle exceeded' } })

export const pagerduty = (): Vendor =>
  vendorOf({
    env: { PAGERDUTY_ROUTING_KEY: ROUTING_KEY },
    url: 'PAGERDUTY_URL',
    linksOnly: true,
    limited: { reply: limited, waitSeconds: null },
    make: (self) => (request) => {
      if (request.path !== '/v2/enqueue' || request.method !== 'POST') return missing('such resource')
      if (request.body.length > MAX_BYTES) return breaks(RULES.size, 413)
      const event = bodyOf(request)
      if (textAt(event, 'routing_key').length !== 32) return breaks(RULES.key)
      if (!['trigger', 'acknowledge', 'resolve'].includes(textAt(event, 'event_action'))) return breaks(RULES.action)
      const key = textAt(event, 'dedup_key')
      if (key.length > 255) return breaks(RULES.dedup)
      const payload = valueAt(event, 'payload')
      const summary = textAt(payload, 'summary')
      const isGrave = ['critical', 'error', 'warning', 'info'].includes(textAt(payload, 'severity'))
      if (summary === '' || summary.length > 1024 || textAt(payload, 'source') === '' || !isGrave) {
        return breaks(RULES.payload)
      }
      add(self, summary, JSON.stringify(payload), [key])
      return ok({ status: 'success', message: 'Event processed', dedup_key: key }, 202)
    },
  })
