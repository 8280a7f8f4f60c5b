/**
 * A CloudEvent (https://github.com/cloudevents/spec, 1.0: JSON format, HTTP binding in structured mode) to any address,
 * signed as Stripe and others do: HMAC-SHA256 over `TIME.BODY`, so that a receiver can refuse what is old or changed.
 * With `ARCHIVE` a second event in binary mode has the archive as its body.
 */
import { createHmac } from 'node:crypto'
import type { Check, Messenger, Parcel, SinkContext } from '../contract/sink.js'

const TYPE = 'dev.conductor-stall-agent.incident'

export function open(context: SinkContext): Messenger {
  const { values, now } = context
  const url = new URL(values.needed('url'))
  const client = context.http(url.origin)
  const path = url.pathname + url.search
  const secret = values.text('secret')

  const signed = (body: Buffer): Record<string, string> => {
    if (secret === null) return {}
    const time = Math.floor(now() / 1000)
    const hmac = createHmac('sha256', secret).update(`${time}.`).update(body).digest('hex')
    return { 'x-conductor-stall-signature': `t=${time},v1=${hmac}` }
  }

  return {
    kind: 'message',
    send: async (parcel, id, before) => {
      const event = eventOf(parcel, id, before.count)
      const body = Buffer.from(JSON.stringify(event))
      const contentType = 'application/cloudevents+json; charset=utf-8'
      const answer = await client.send('POST', path, {
        ...(context.rehearse === null ? { bytes: { data: body, contentType } } : { json: event }),
        headers: { 'idempotency-key': id, ...signed(body) },
        answers: 'text',
      })
      if (values.flag('archive')) await sendArchive(parcel, id)
      return { ref: `${id} (${answer.status})`, url: null }
    },
    check: async () => [await check()],
  }

  async function sendArchive(parcel: Parcel, id: string): Promise<void> {
    const { bytes, contentType, name } = parcel.archive
    await client.send('POST', path, {
      bytes: { data: bytes, contentType },
      headers: {
        'ce-specversion': '1.0',
        'ce-id': `${id}-archive`,
        'ce-type': `${TYPE}.archive`,
        'ce-source': sourceOf(parcel),
        'ce-subject': parcel.incident,
        'content-disposition': `attachment; filename="${name}"`,
        'idempotency-key': `${id}-archive`,
        ...signed(bytes),
      },
      answers: 'text',
    })
  }

  /** Nothing is sent that a receiver would take for an incident: any answer shows that it is there. */
  async function check(): Promise<Check> {
    const answer = await client.get(path, { answers: 'nothing', accept: ANY_REFUSAL })
    const denied = answer.status === 401 || answer.status === 403
    return {
      ok: !denied,
      text: `${url.origin}${url.pathname} answers ${answer.status}${secret === null ? '; events are not signed' : ''}`,
      ...(denied ? { advice: 'The address needs credentials.' } : {}),
    }
  }
}

const ANY_REFUSAL = [400, 401, 403, 404, 405, 406, 411, 415, 422]

function sourceOf({ letter }: Parcel): string {
  const { service, host } = letter.facts
  return `/conductor-stall-agent/${encodeURIComponent(String(host ?? 'unknown'))}/${encodeURIComponent(String(service ?? 'unnamed'))}`
}

function eventOf(parcel: Parcel, id: string, count: number): Record<string, unknown> {
  const { letter, archive } = parcel
  return {
    specversion: '1.0',
    id,
    type: TYPE,
    source: sourceOf(parcel),
    subject: parcel.incident,
    time: letter.facts['createdAt'],
    datacontenttype: 'application/json',
    data: {
      title: letter.title,
      ...letter.facts,
      count,
      archive: { name: archive.name, sizeBytes: archive.bytes.length, sha256: archive.sha256 },
    },
  }
}
