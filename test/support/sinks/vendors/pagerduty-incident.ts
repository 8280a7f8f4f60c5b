/** PagerDuty's REST API: incidents and their notes. It takes no files. */
import type { Reply } from '../contract-server.js'
import {
  add,
  bodyOf,
  breaks,
  missing,
  ok,
  rule,
  textAt,
  type Vendor,
  vendorOf,
  WAIT_SECONDS,
  withMark,
} from './vendor.js'

const DOCS = 'https://developer.pagerduty.com/api-reference'
const RULES = {
  auth: rule('Authorization: Token token=KEY', 'https://developer.pagerduty.com/docs/authentication'),
  from: rule('From, the e-mail address of a user, is required', `${DOCS}/a7d81b0e9200f-create-an-incident`),
  incident: rule('type incident, a title, and a reference to a service', `${DOCS}/a7d81b0e9200f-create-an-incident`),
  key: rule('of one incident_key there is one open incident', `${DOCS}/a7d81b0e9200f-create-an-incident`),
  note: rule('a note has content', `${DOCS}/a1ac30885eb1a-create-a-note-on-an-incident`),
}

/** https://developer.pagerduty.com/docs/rest-api-rate-limits: 429, and the seconds to wait in ratelimit-reset. */
const limited = (): Reply => ({
  status: 429,
  headers: { 'ratelimit-limit': '960', 'ratelimit-remaining': '0', 'ratelimit-reset': String(WAIT_SECONDS) },
  body: { error: { message: 'Rate Limit Exceeded', code: 2020 } },
})

export const pagerdutyIncident = (): Vendor =>
  vendorOf({
    env: {
      PAGERDUTY_INCIDENT_TOKEN: 'pd-token',
      PAGERDUTY_INCIDENT_FROM: 'bot@example.org',
      PAGERDUTY_INCIDENT_SERVICE: 'PSVC',
    },
    url: 'PAGERDUTY_INCIDENT_URL',
    linksOnly: true,
    limited: { reply: limited, waitSeconds: WAIT_SECONDS },
    make: (self, base) => (request) => {
      if (request.headers.authorization !== 'Token token=pd-token') return breaks(RULES.auth, 401)
      if (request.method !== 'GET' && !String(request.headers['from']).includes('@')) return breaks(RULES.from)
      if (request.path === '/services/PSVC') return ok({ service: { name: 'Invoices' } })
      const shown = (at: number): object => ({
        id: `P${at + 1}`,
        status: self.tickets[at]?.open === true ? 'triggered' : 'resolved',
        html_url: `${base()}/incidents/P${at + 1}`,
      })
      const [matches, id, sub] = /^\/incidents(?:\/P(\d+)(?:\/(\w+))?)?$/.exec(request.path) ?? []
      if (matches === undefined) return missing('such resource')
      if (id === undefined && request.method === 'GET') {
        return ok({ incidents: withMark(self, request.query.get('incident_key') ?? '').map((at) => shown(at)) })
      }
      const body = bodyOf(request)
      if (id === undefined) {
        const of = (...path: string[]): string => textAt(body, 'incident', ...path)
        const isPlaced = of('service', 'id') === 'PSVC' && of('service', 'type') === 'service_reference'
        if (of('type') !== 'incident' || of('title') === '' || !isPlaced) return breaks(RULES.incident)
        const key = of('incident_key')
        if (withMark(self, key).some((at) => self.tickets[at]?.open === true)) return breaks(RULES.key)
        return ok({ incident: shown(add(self, of('title'), of('body', 'details'), [key]) - 1) }, 201)
      }
      const ticket = self.tickets[Number(id) - 1]
      if (ticket === undefined) return missing('incident')
      if (sub === 'notes' && request.method === 'POST') {
        const content = textAt(body, 'note', 'content')
        if (content === '') return breaks(RULES.note)
        ticket.comments.push(content)
        return ok({}, 201)
      }
      if (sub === 'notes') return ok({ notes: ticket.comments.map((content) => ({ content })) })
      return ok({ incident: shown(Number(id) - 1) })
    },
  })
