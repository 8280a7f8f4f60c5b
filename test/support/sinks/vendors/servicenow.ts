/** ServiceNow's Table API and Attachment API. */
import type { Received, Reply } from '../contract-server.js'
import {
  add,
  basicOf,
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

const DOCS = 'https://www.servicenow.com/docs/r/zurich/api-reference/rest-apis'
const RULES = {
  auth: rule('basic authentication', `${DOCS}/c_TableAPI.html`),
  file: rule(
    'table_name, table_sys_id and file_name in the query; the file is the body, with its content type',
    `${DOCS}/c_AttachmentAPI.html`,
  ),
  lengths: rule(
    'fields are as long as their table says: short_description 160, correlation_id 100',
    `${DOCS}/c_TableAPI.html`,
  ),
}

/** "Inbound REST API rate limiting" of the same documents: 429, and the seconds to wait in Retry-After. */
const limited = (): Reply => ({
  status: 429,
  headers: { 'retry-after': String(WAIT_SECONDS), 'x-ratelimit-limit': '1' },
  body: { error: { message: 'Rate limit exceeded' }, status: 'failure' },
})

export const servicenow = (): Vendor =>
  vendorOf({
    env: { SERVICENOW_USER: 'bot', SERVICENOW_PASSWORD: 'sn-password' },
    url: 'SERVICENOW_URL',
    limited: { reply: limited, waitSeconds: WAIT_SECONDS },
    make: (self) => (request) => {
      if (request.headers.authorization !== basicOf('bot', 'sn-password')) return breaks(RULES.auth, 401)
      if (request.path === '/api/now/attachment/file') return attach(self, request)
      if (request.path === '/api/now/attachment') {
        return ok({ result: self.files.map(({ name }) => ({ file_name: name })) })
      }
      if (request.path === '/api/now/table/sys_journal_field') {
        const mark = /valueLIKE([\w-]+)$/.exec(request.query.get('sysparm_query') ?? '')?.[1]
        const notes = self.tickets.flatMap(({ comments }) => comments)
        return ok({ result: notes.filter((text) => mark !== undefined && text.includes(mark)).map(() => ({})) })
      }
      const [matches, id] = /^\/api\/now\/table\/incident(?:\/(\w+))?$/.exec(request.path) ?? []
      if (matches === undefined) return missing('such table')
      if (id === undefined) return request.method === 'GET' ? search(self, request) : create(self, bodyOf(request))
      const at = Number(id) - 1
      const ticket = self.tickets[at]
      if (ticket === undefined) return missing('record')
      if (request.method === 'PATCH') {
        const body = bodyOf(request)
        const notes = textAt(body, 'work_notes')
        if (notes !== '') ticket.comments.push(notes)
        if (textAt(body, 'state') === '2') ticket.open = true
      }
      return ok({ result: shown(self, at) })
    },
  })

/** `sys_id` has 32 characters. */
function shown(self: Vendor, at: number): object {
  const id = String(at + 1).padStart(32, '0')
  return { sys_id: id, number: `INC${at + 1}`, active: String(self.tickets[at]?.open) }
}

function attach(self: Vendor, { query, headers, body }: Received): Reply {
  const name = query.get('file_name') ?? ''
  const isPlaced = query.get('table_name') === 'incident' && (query.get('table_sys_id') ?? '') !== ''
  if (!isPlaced || name === '' || !headers['content-type']) return breaks(RULES.file)
  self.files.push({ name, bytes: body })
  return ok({ result: {} }, 201)
}

function search(self: Vendor, { query }: Received): Reply {
  const asked = query.get('sysparm_query') ?? ''
  const number = /^number=INC(\d+)/.exec(asked)?.[1]
  const found =
    number === undefined ? withMark(self, /correlation_id=([\w-]+)/.exec(asked)?.[1] ?? '') : [Number(number) - 1]
  return ok({ result: found.map((at) => shown(self, at)) })
}

function create(self: Vendor, body: unknown): Reply {
  const [short, id] = [textAt(body, 'short_description'), textAt(body, 'correlation_id')]
  if (short.length > 160 || id.length > 100) return breaks(RULES.lengths)
  const marks = [id, textAt(body, 'correlation_display')]
  return ok({ result: shown(self, add(self, short, textAt(body, 'description'), marks) - 1) }, 201)
}
