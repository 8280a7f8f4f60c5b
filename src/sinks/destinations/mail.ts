/**
 * E-mail, which every ticket system takes. The Message-ID is made of the incident, so that a mail that was sent twice in a
 * crash is one for readers that look at it; repeats of a cause refer to the first mail and stand in its thread.
 */
import { createTransport } from 'nodemailer'
import { letterAsHtml } from '../../report/letter/as-html.js'
import { letterAsText } from '../../report/letter/as-text.js'
import type { Messenger, SinkContext } from '../contract/sink.js'
import { fileLine } from '../http/http-client.js'
import { refused, SinkError, unreachable } from '../contract/sink-error.js'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { rootCertificates } from 'node:tls'

export function open(context: SinkContext): Messenger {
  const { values, settings } = context
  const from = values.needed('from')
  const to = values.list('to')
  const maxBytes = settings.general.number('max_attachment_mb', 64) * 2 ** 20
  return {
    kind: 'message',
    send: async ({ letter, archive, reports, incident }, id, before, key) => {
      const messageId = `<${id}@conductor-stall-agent>`
      const first = before.first?.ref
      const attached = [archive, ...reports].filter((file) => file.bytes.length <= maxBytes)
      const mail = {
        from,
        to: key === null ? [...to] : [key],
        subject: letter.title,
        messageId,
        ...(first === undefined || first === messageId ? {} : { inReplyTo: first, references: [first] }),
        headers: { 'X-Conductor-Stall-Incident': incident, 'Auto-Submitted': 'auto-generated' },
        text: letterAsText(letter),
        html: letterAsHtml(letter),
      }
      if (context.rehearse !== null) {
        context.rehearse({
          what: `mail to ${mail.to.join(', ')}`,
          body: { ...mail, attachments: attached.map(fileLine) },
        })
        return { ref: messageId, url: null }
      }
      await withTransport(context, async (transport) => {
        const attachments = attached.map(({ name, bytes, contentType }) => ({
          filename: name,
          content: bytes,
          contentType,
        }))
        await transport.sendMail({ ...mail, attachments })
      })
      return { ref: messageId, url: null }
    },
    check: async () => {
      await withTransport(context, async (transport) => void (await transport.verify()))
      return [{ ok: true, text: `${new URL(values.needed('url')).host} takes mail from ${from}` }]
    },
  }
}

type Transport = ReturnType<typeof createTransport>

async function withTransport(
  { values, settings, from }: SinkContext,
  act: (transport: Transport) => Promise<void>,
): Promise<void> {
  const url = new URL(values.needed('url'))
  const timeoutMs = settings.general.number('timeout_seconds', 30_000)
  const caFile = settings.general.text('ca_file')
  const password = values.text('password')
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
  const transport = createTransport({
    host: url.hostname,
    port: Number(url.port) || (url.protocol === 'smtps:' ? 465 : 587),
    secure: url.protocol === 'smtps:',
    // A password never goes in the clear, and no mail to another machine does.
    requireTLS: url.protocol !== 'smtps:' && (password !== null || !isLocal),
    ...(password === null ? {} : { auth: { user: decodeURIComponent(url.username), pass: password } }),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs * 4,
    tls: caFile === null ? {} : { ca: [...rootCertificates, readFileSync(path.resolve(from, caFile), 'utf8')] },
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  try {
    await act(transport)
  } catch (thrown) {
    throw toSinkError(thrown, `${url.hostname}:${url.port}`)
  } finally {
    transport.close()
  }
}

/** RFC 5321, 4.2.1: 4yz for now, 5yz for good. */
function toSinkError(thrown: unknown, where: string): SinkError {
  const { message, responseCode } = thrown as Error & { responseCode?: number }
  if (responseCode !== undefined && responseCode >= 500) {
    const help = responseCode === 552 ? 'It is too large for the server.' : 'Fix what the mail server says.'
    return refused(`${where}: ${message}`, help, responseCode)
  }
  return unreachable(`${where}: ${message}`, thrown)
}
