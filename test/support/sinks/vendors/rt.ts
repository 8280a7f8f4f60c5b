/** Request Tracker's REST 2.0, as its documents have it. The real server is in real-servers.test.ts. */
import { parseForm, type Reply } from '../contract-server.js'
import {
  add,
  basicOf,
  bodyOf,
  breaks,
  keep,
  listAt,
  missing,
  ok,
  rule,
  textAt,
  type Vendor,
  vendorOf,
  withMark,
} from './vendor.js'

const DOCS = 'https://docs.bestpractical.com/rt/5.0.3/RT/REST2.html'
const RULES = {
  auth: rule('basic authentication, or a token', `${DOCS}#Authentication`),
  create: rule('a queue, and content with its type', `${DOCS}#Creating-Tickets`),
  file: rule('of each file its name, its type, and its content in base64', `${DOCS}#Summary`),
  comment: rule(
    'content with its type; with files a form whose JSON part says it',
    `${DOCS}#Replying-Commenting-Tickets`,
  ),
}

export const rt = (): Vendor =>
  vendorOf({
    env: { RT_USER: 'root', RT_PASSWORD: 'rt-password' },
    url: 'RT_URL',
    make: (self) => async (request) => {
      if (request.headers.authorization !== basicOf('root', 'rt-password')) return breaks(RULES.auth, 401)
      const [, , , what, id, sub] = request.path.split('/')
      const shown = (at: number): object => ({
        id: String(at + 1),
        Status: self.tickets[at]?.open === true ? 'open' : 'resolved',
      })
      if (what === 'queue') return id === 'General' ? ok({ Name: 'General' }) : missing('queue')
      if (what === 'tickets') {
        const mark = /^Subject LIKE '([\w-]+)'$/.exec(request.query.get('query') ?? '')?.[1] ?? ''
        return ok({ items: withMark(self, mark).map((at) => shown(at)) })
      }
      if (what !== 'ticket') return missing('such resource')
      if (id === undefined) return create(self, bodyOf(request))
      const at = Number(id) - 1
      const ticket = self.tickets[at]
      if (ticket === undefined) return missing('ticket')
      if (sub === 'attachments') {
        const items = [
          ...ticket.comments.map((Subject) => ({ Subject })),
          ...self.files.map(({ name }) => ({ Filename: name })),
        ]
        return ok({ items, pages: 1 })
      }
      if (sub === 'comment') {
        const parts = await parseForm(request)
        if (parts.length > 0) {
          const isTold = parts[0]?.name === 'JSON' && parts[1]?.name === 'Attachments'
          return isTold && keep(self, parts[1]) ? ok(['Comments added'], 201) : breaks(RULES.comment)
        }
        const body = bodyOf(request)
        if (textAt(body, 'Content') === '' || textAt(body, 'ContentType') === '') return breaks(RULES.comment)
        for (const each of listAt(body, 'Attachments')) {
          const [name, type, content] = ['FileName', 'FileType', 'FileContent'].map((field) => textAt(each, field))
          if (!name || !type || !content) return breaks(RULES.file)
          self.files.push({ name, bytes: Buffer.from(content, 'base64') })
        }
        if (listAt(body, 'Attachments').length > 0) return ok(['Comments added'], 201)
        ticket.comments.push(`${textAt(body, 'Subject')} ${textAt(body, 'Content')}`)
        return ok(['Comments added'], 201)
      }
      if (request.method === 'PUT') ticket.open = textAt(bodyOf(request), 'Status') === 'open'
      return ok(shown(at))
    },
  })

function create(self: Vendor, body: unknown): Reply {
  const subject = textAt(body, 'Subject')
  if (textAt(body, 'Queue') !== 'General' || subject === '' || textAt(body, 'ContentType') === '')
    return breaks(RULES.create)
  const marks = [...subject.matchAll(/\[(stall-[\w-]+)\]/g)].map((match) => match[1] ?? '')
  return ok({ id: String(add(self, subject, textAt(body, 'Content'), marks)) }, 201)
}
