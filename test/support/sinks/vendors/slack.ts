/** Slack's Web API: messages in a channel, threads, files in three steps. */
import type { Received, Reply } from '../contract-server.js'
import {
  add,
  bodyOf,
  breaks,
  listAt,
  ok,
  rule,
  textAt,
  valueAt,
  type Vendor,
  vendorOf,
  WAIT_SECONDS,
} from './vendor.js'

const RULES = {
  upload: rule(
    'the bytes go to the URL that getUploadURLExternal gave, as many as were announced',
    'https://docs.slack.dev/messaging/working-with-files/#upload',
  ),
}

/** Errors are 200 with `ok: false`: https://docs.slack.dev/apis/web-api/#responses. */
const bad = (error: string): Reply => ok({ ok: false, error })

/** https://docs.slack.dev/apis/web-api/rate-limits/: 429, and the seconds to wait in Retry-After. */
const limited = (): Reply => ({
  status: 429,
  headers: { 'retry-after': String(WAIT_SECONDS) },
  body: { ok: false, error: 'ratelimited' },
})

const CHANNEL = 'C0123'

interface Upload {
  readonly name: string
  readonly length: number
  bytes: Buffer | null
}

export const slack = (): Vendor => {
  const uploads = new Map<string, Upload>()
  const metadata: unknown[] = []
  return vendorOf({
    env: { SLACK_TOKEN: 'xoxb-test', SLACK_CHANNEL: CHANNEL },
    url: 'SLACK_URL',
    limited: { reply: limited, waitSeconds: WAIT_SECONDS },
    make: (self, base) => (request) => {
      const method = request.path.split('/').at(-1) ?? ''
      if (request.path.startsWith('/upload/')) {
        // Signed beforehand: no token is needed.
        const upload = uploads.get(method)
        if (upload === undefined || upload.length !== request.body.length) return breaks(RULES.upload)
        upload.bytes = request.body
        return { status: 200, body: 'OK' }
      }
      // https://docs.slack.dev/authentication/tokens/: in the header.
      if (request.headers.authorization !== 'Bearer xoxb-test') return bad('invalid_auth')
      switch (method) {
        case 'auth.test':
          return { ...ok({ ok: true, user: 'bot', team: 'acme' }), headers: { 'x-oauth-scopes': SCOPES } }
        case 'chat.getPermalink':
          return ok({ ok: true, permalink: `${base()}/archives/${CHANNEL}/p${request.query.get('message_ts')}` })
        case 'conversations.history': {
          const messages = metadata.map((each, at) => ({ ts: `1.${at + 1}`, metadata: each }))
          return ok({ ok: true, messages: messages.toReversed() })
        }
        case 'conversations.replies': {
          const comments = self.tickets[placeOf(request.query.get('ts'))]?.comments ?? []
          const messages = comments.map((text) => ({ metadata: JSON.parse(text) as unknown, files: [] }))
          return ok({ ok: true, messages })
        }
        case 'chat.postMessage':
          return post(self, metadata, bodyOf(request))
        case 'files.getUploadURLExternal':
          return announce(uploads, request, base())
        case 'files.completeUploadExternal':
          return complete(self, uploads, bodyOf(request))
        default:
          return bad('unknown_method')
      }
    },
  })
}

const SCOPES = 'chat:write,files:write,channels:history'

const placeOf = (ts: unknown): number => Number(String(ts).split('.')[1]) - 1

function post(self: Vendor, metadata: unknown[], body: unknown): Reply {
  const channel = textAt(body, 'channel')
  // https://docs.slack.dev/reference/methods/chat.postMessage#errors
  if (channel !== CHANNEL) return bad('channel_not_found')
  const blocks = listAt(body, 'blocks')
  if (blocks.length > 50 || !blocks.every((each) => isBlock(each))) return bad('invalid_blocks')
  const meta = valueAt(body, 'metadata')
  const payload = valueAt(meta, 'event_payload') ?? null
  if (textAt(meta, 'event_type') === '' || !isFlat(payload)) return bad('invalid_metadata_format')
  const thread = valueAt(body, 'thread_ts')
  if (thread !== undefined) {
    self.tickets[placeOf(thread)]?.comments.push(JSON.stringify(meta))
    return ok({ ok: true, channel, ts: '2.1' })
  }
  metadata.push(meta)
  const number = add(self, textAt(body, 'text'), JSON.stringify(blocks), Object.values(payload).map(String))
  return ok({ ok: true, channel, ts: `1.${number}` })
}

/** https://docs.slack.dev/reference/block-kit/blocks/: 50 a message; a header has 150 characters, a section 1 to 3,000. */
function isBlock(block: unknown): boolean {
  const text = textAt(block, 'text', 'text')
  if (textAt(block, 'type') === 'header') return textAt(block, 'text', 'type') === 'plain_text' && text.length <= 150
  return text.length >= 1 && text.length <= 3000
}

/** https://docs.slack.dev/messaging/message-metadata/: event_payload has no nested objects here. */
function isFlat(payload: unknown): payload is object {
  if (typeof payload !== 'object' || payload === null) return false
  return Object.values(payload).every((each) => typeof each !== 'object' || each === null)
}

/** https://docs.slack.dev/reference/methods/files.getUploadURLExternal: a name and the length in bytes. */
function announce(uploads: Map<string, Upload>, { query }: Received, base: string): Reply {
  const [name, length] = [query.get('filename') ?? '', Number(query.get('length'))]
  if (name === '' || !Number.isInteger(length) || length <= 0) return bad('invalid_arguments')
  const id = `F${uploads.size + 1}`
  uploads.set(id, { name, length, bytes: null })
  return ok({ ok: true, upload_url: `${base}/upload/${id}`, file_id: id })
}

/** https://docs.slack.dev/reference/methods/files.completeUploadExternal: into a thread, after the bytes. */
function complete(self: Vendor, uploads: Map<string, Upload>, body: unknown): Reply {
  const upload = uploads.get(textAt(body, 'files', 0, 'id'))
  const isPlaced = textAt(body, 'channel_id') === CHANNEL && textAt(body, 'thread_ts') !== ''
  if (upload === undefined || upload.bytes === null || !isPlaced) return bad('file_not_found')
  self.files.push({ name: upload.name, bytes: upload.bytes })
  return ok({ ok: true })
}
