/** Sentry's ingestion of envelopes. The real protocol server is in real-servers.test.ts. */
import { gunzipSync } from 'node:zlib'
import type { Received, Reply } from '../contract-server.js'
import { add, breaks, missing, ok, rule, textAt, valueAt, type Vendor, vendorOf, WAIT_SECONDS } from './vendor.js'

const DOCS = 'https://develop.sentry.dev/sdk'
const RULES = {
  auth: rule('X-Sentry-Auth with the public key', `${DOCS}/foundations/transport/authentication/`),
  envelope: rule('headers, items with their length, newlines between', `${DOCS}/foundations/transport/envelopes/`),
  id: rule('an event has the id of its envelope: 32 hex digits', `${DOCS}/foundations/transport/envelopes/`),
  size: rule('20 MB compressed, 100 MB of attachments', `${DOCS}/foundations/transport/envelopes/#size-limits`),
}
const MAX_COMPRESSED_BYTES = 20 * 2 ** 20

/** https://develop.sentry.dev/sdk/foundations/transport/rate-limiting/: 429, Retry-After, X-Sentry-Rate-Limits. */
const limited = (): Reply => ({
  status: 429,
  headers: { 'retry-after': String(WAIT_SECONDS), 'x-sentry-rate-limits': `${WAIT_SECONDS}::organization` },
  body: { detail: 'event submission rejected with_reason: rate limited' },
})

export interface EnvelopeItem {
  readonly header: unknown
  readonly payload: Buffer
}

export const sentry = (): Vendor =>
  vendorOf({
    env: {},
    url: 'SENTRY_DSN',
    address: (base) => `${base.replace('//', '//public@')}/42`,
    limited: { reply: limited, waitSeconds: WAIT_SECONDS },
    make: (self) => (request) => {
      if (request.path !== '/api/42/envelope/') return missing('such project')
      if (!String(request.headers['x-sentry-auth']).includes('sentry_key=public')) return breaks(RULES.auth, 401)
      if (request.body.length > MAX_COMPRESSED_BYTES) return breaks(RULES.size, 413)
      const envelope = envelopeOf(request)
      if (envelope === null) return breaks(RULES.envelope)
      for (const { header, payload } of envelope.items) {
        if (textAt(header, 'type') === 'attachment') {
          self.files.push({ name: textAt(header, 'filename'), bytes: payload })
          continue
        }
        const event = JSON.parse(payload.toString()) as unknown
        const id = textAt(event, 'event_id')
        if (!/^[0-9a-f]{32}$/.test(id) || id !== textAt(envelope.header, 'event_id')) return breaks(RULES.id)
        add(self, textAt(event, 'message', 'formatted'), JSON.stringify(event), [id, textAt(event, 'fingerprint', 0)])
      }
      return ok({ id: textAt(envelope.header, 'event_id') })
    },
  })

/** Null where it is none. */
export function envelopeOf({ headers, body }: Received): { header: unknown; items: EnvelopeItem[] } | null {
  try {
    const plain = headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
    return readEnvelope(plain)
  } catch {
    return null
  }
}

/** Throws for what is no envelope. */
export function readEnvelope(plain: Buffer): { header: unknown; items: EnvelopeItem[] } {
  let at = 0
  const line = (): unknown => {
    const end = plain.indexOf(10, at)
    const text = plain.subarray(at, end < 0 ? plain.length : end).toString()
    at = end < 0 ? plain.length : end + 1
    return JSON.parse(text) as unknown
  }
  const header = line()
  const items: EnvelopeItem[] = []
  while (at < plain.length) {
    const itemHeader = line()
    const length = Number(valueAt(itemHeader, 'length'))
    const payload = plain.subarray(at, at + length)
    if (!Number.isInteger(length) || payload.length !== length) throw new Error('a length that is wrong')
    at += length
    if (at < plain.length && plain[at] !== 10) throw new Error('no newline behind an item')
    at += 1
    items.push({ header: itemHeader, payload })
  }
  return { header, items }
}
