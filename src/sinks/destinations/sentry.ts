/**
 * Sentry: an envelope (https://develop.sentry.dev/sdk/foundations/transport/envelopes/) with an event and the archive as
 * attachment, gzipped; 20 MB compressed at most. Groups by the fingerprint of the cause; the event's id makes a second one
 * the same.
 */
import { gzipSync } from 'node:zlib'
import { letterAsText } from '../../report/letter/as-text.js'
import type { Messenger, Parcel, SinkContext } from '../contract/sink.js'
import { refused } from '../contract/sink-error.js'
import { fileLine } from '../http/http-client.js'

const MAX_BYTES = 20 * 2 ** 20

export function open(context: SinkContext): Messenger {
  const { values } = context
  const { base, project, key } = parseDsn(values.needed('dsn'))
  const auth = `Sentry sentry_version=7, sentry_client=conductor-stall-agent/1, sentry_key=${key}`
  const client = context.http(base, { 'x-sentry-auth': auth })
  return {
    kind: 'message',
    send: async (parcel, id) => {
      const event = eventOf(parcel, id)
      const files = [parcel.archive, ...parcel.reports]
      const withFiles = gzipSync(envelope(event, id, files))
      const fits = withFiles.length <= MAX_BYTES
      const body = fits ? withFiles : gzipSync(envelope(event, id, []))
      if (context.rehearse !== null) {
        const attachments = fits ? files.map(fileLine) : []
        context.rehearse({ what: `POST ${base}/api/${project}/envelope/`, body: { event, attachments } })
        return { ref: id, url: null }
      }
      await client.send('POST', `/api/${project}/envelope/`, {
        bytes: { data: body, contentType: 'application/x-sentry-envelope' },
        headers: { 'content-encoding': 'gzip' },
      })
      return { ref: id, url: null }
    },
    check: async () => {
      // An envelope without items is valid and makes no event.
      const body = Buffer.from(`${JSON.stringify({ sent_at: new Date(context.now()).toISOString() })}\n`)
      await client.send('POST', `/api/${project}/envelope/`, {
        bytes: { data: body, contentType: 'application/x-sentry-envelope' },
      })
      return [{ ok: true, text: `project ${project} takes envelopes` }]
    },
  }
}

/** `https://KEY@HOST/PATH/PROJECT`. */
function parseDsn(dsn: string): { base: string; project: string; key: string } {
  const url = URL.canParse(dsn) ? new URL(dsn) : null
  const [, path = '', project] = /^(.*)\/(\d+)$/.exec(url?.pathname ?? '') ?? []
  if (url === null || project === undefined || url.username === '') {
    throw refused('the DSN is none', 'It looks like https://KEY@HOST/PROJECT: Sentry shows it under Client Keys.')
  }
  return { base: url.origin + path, project, key: url.username }
}

function eventOf({ letter, fingerprint, incident }: Parcel, id: string): Record<string, unknown> {
  const { service, version, host, kind, cause, confidence, level, clock } = letter.facts
  const tags = { incident, service, kind, cause, confidence, clock }
  return {
    event_id: id,
    timestamp: letter.facts['createdAt'],
    platform: 'node',
    level: level === 'stall' ? 'fatal' : 'warning',
    logger: 'conductor-stall-agent',
    message: { formatted: letter.title },
    ...(version === null ? {} : { release: version }),
    ...(host === null ? {} : { server_name: host }),
    ...(fingerprint === null ? {} : { fingerprint: [fingerprint] }),
    tags: Object.fromEntries(Object.entries(tags).filter(([, value]) => value !== null)),
    extra: { report: letterAsText(letter, 15_000) },
  }
}

function envelope(event: object, id: string, files: readonly Parcel['archive'][]): Buffer {
  const payload = Buffer.from(JSON.stringify(event))
  const line = (value: object): Buffer => Buffer.from(`${JSON.stringify(value)}\n`)
  const newline = Buffer.from('\n')
  return Buffer.concat([
    line({ event_id: id }),
    line({ type: 'event', length: payload.length }),
    payload,
    newline,
    ...files.flatMap(({ name, bytes, contentType }) => [
      line({ type: 'attachment', length: bytes.length, filename: name, content_type: contentType }),
      bytes,
      newline,
    ]),
  ])
}
