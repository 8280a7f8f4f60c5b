/**
 * Slack: a message is the ticket, its thread the comments, files go into the thread in three steps
 * (https://docs.slack.dev/messaging/working-with-files): getUploadURLExternal, the bytes, completeUploadExternal. Found
 * again by the metadata of the message, in the last 200 of the channel. Slack answers 200 and `ok: false` where others
 * answer 4xx.
 */
import { letterAsSlack } from '../../report/letter/as-slack.js'
import type { Answer } from '../contract/answer.js'
import type { SinkContext, Ticket, TicketSystem } from '../contract/sink.js'
import { refused, SinkError } from '../contract/sink-error.js'

const EVENT = 'conductor_stall_incident'
/** https://docs.slack.dev/reference/methods: what a moment may cure. */
const TEMPORARY = new Set(['ratelimited', 'internal_error', 'fatal_error', 'service_unavailable', 'request_timeout'])

export function open(context: SinkContext): TicketSystem {
  const { values } = context
  const home = values.text('channel')
  const client = context.http(values.text('url') ?? 'https://slack.com', {
    authorization: `Bearer ${values.needed('token')}`,
  })
  const channel = (): string => home ?? missingChannel()

  const ok = (answer: Answer): Answer => {
    if (context.rehearse !== null || answer.value('ok') === true) return answer
    const error = answer.maybe('error') ?? 'no reason'
    if (TEMPORARY.has(error)) throw new SinkError('unreachable', `${answer.at}: ${error}`)
    throw refused(`${answer.at}: ${error}`, ADVICE[error] ?? 'https://docs.slack.dev/reference/methods explains it.')
  }
  const post = async (method: string, json: object): Promise<Answer> =>
    ok(await client.send('POST', `/api/${method}`, { json }))
  const ask = async (method: string, query: Record<string, string>): Promise<Answer> =>
    ok(await client.get(`/api/${method}`, { query }))
  const toTicket = async (place: string, ts: string): Promise<Ticket> => {
    const link = await ask('chat.getPermalink', { channel: place, message_ts: ts })
    return { ref: `${place}/${ts}`, url: link.maybe('permalink'), open: true }
  }
  const split = (ref: string): { place: string; ts: string } => {
    const [place = '', ts = ''] = ref.includes('/') ? ref.split('/') : [channel(), ref]
    return { place, ts }
  }
  const thread = async (ref: string): Promise<Answer[]> => {
    const { place, ts } = split(ref)
    const query = { channel: place, ts, limit: '200', include_all_metadata: 'true' }
    return (await ask('conversations.replies', query)).list('messages')
  }

  return {
    kind: 'ticket',
    get: async (key) => {
      const { place, ts } = split(key)
      return await toTicket(place, ts)
    },
    find: async (mark) => {
      const query = { channel: channel(), limit: '200', include_all_metadata: 'true' }
      const messages = (await ask('conversations.history', query)).list('messages')
      const found = messages.find((each) => JSON.stringify(each.value('metadata') ?? {}).includes(mark))
      return found === undefined ? null : await toTicket(channel(), found.text('ts'))
    },
    create: async (letter, marks) => {
      const answer = await post('chat.postMessage', {
        channel: channel(),
        text: escaped(letter.title),
        blocks: letterAsSlack(letter),
        metadata: { event_type: EVENT, event_payload: marks },
        unfurl_links: false,
      })
      return await toTicket(answer.text('channel'), answer.text('ts'))
    },
    comment: async ({ ref }, letter, mark) => {
      const { place, ts } = split(ref)
      await post('chat.postMessage', {
        channel: place,
        thread_ts: ts,
        text: escaped(letter.title),
        blocks: letterAsSlack(letter),
        metadata: { event_type: EVENT, event_payload: { incident: mark } },
        unfurl_links: false,
      })
    },
    hasComment: async ({ ref }, mark) =>
      (await thread(ref)).some((each) => JSON.stringify(each.value('metadata') ?? {}).includes(mark)),
    files: {
      names: async ({ ref }) =>
        (await thread(ref)).flatMap((each) => each.list('files').map((file) => file.maybe('name') ?? '')),
      attach: async ({ ref }, file) => {
        const { place, ts } = split(ref)
        const wanted = { filename: file.name, length: String(file.bytes.length) }
        const upload = await ask('files.getUploadURLExternal', wanted)
        await client.send('POST', context.rehearse === null ? upload.text('upload_url') : '/(upload_url)', {
          bytes: { data: file.bytes, contentType: file.contentType },
          answers: 'text',
        })
        await post('files.completeUploadExternal', {
          files: [{ id: upload.text('file_id'), title: file.name }],
          channel_id: place,
          thread_ts: ts,
        })
      },
    },
    check: async () => {
      const auth = await client.send('POST', '/api/auth.test', { json: {} })
      ok(auth)
      const scopes = auth
        .header('x-oauth-scopes')
        .split(',')
        .map((scope) => scope.trim())
      const lacking = ['chat:write', 'files:write', 'channels:history'].filter((scope) => !scopes.includes(scope))
      return [
        lacking.length === 0
          ? { ok: true, text: `signed in as ${auth.text('user')} of ${auth.text('team')}` }
          : {
              ok: false,
              text: `the token lacks ${lacking.join(', ')}`,
              advice: 'Add the scopes and install the app again.',
            },
      ]
    },
  }
}

const ADVICE: Readonly<Record<string, string>> = {
  not_in_channel: 'Invite the app: /invite @APP in that channel.',
  channel_not_found: 'CONDUCTOR_STALL_SINK_SLACK_CHANNEL is the id of a channel (C...), not its name.',
  invalid_auth: 'The token is wrong or was revoked.',
  missing_scope: 'Add chat:write, files:write and channels:history, and install the app again.',
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

function missingChannel(): never {
  throw refused('no channel is set', 'Set CONDUCTOR_STALL_SINK_SLACK_CHANNEL')
}
