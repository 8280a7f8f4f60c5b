/** Redmine's REST API, as its documents have it. The real server is in real-servers.test.ts. */
import type { Reply } from '../contract-server.js'
import {
  add,
  bodyOf,
  breaks,
  listAt,
  missing,
  ok,
  rule,
  textAt,
  valueAt,
  type Vendor,
  vendorOf,
  withMark,
} from './vendor.js'

const DOCS = 'https://www.redmine.org/projects/redmine/wiki'
const RULES = {
  auth: rule('the key in the header X-Redmine-API-Key', `${DOCS}/Rest_api#Authentication`),
  upload: rule('application/octet-stream: else 406', `${DOCS}/Rest_api#Attaching-files`),
  token: rule('a file is attached by the token that its upload gave', `${DOCS}/Rest_api#Attaching-files`),
  create: rule('a project, and a subject of 255 characters at most', `${DOCS}/Rest_Issues#Creating-an-issue`),
}

export const redmine = (): Vendor => {
  const uploads: { name: string; bytes: Buffer }[] = []
  return vendorOf({
    env: { REDMINE_KEY: 'redmine-key', REDMINE_PROJECT: 'stalls' },
    url: 'REDMINE_URL',
    make: (self) => (request) => {
      if (request.headers['x-redmine-api-key'] !== 'redmine-key') return breaks(RULES.auth, 401)
      const shown = (at: number): object => ({
        id: at + 1,
        status: { is_closed: self.tickets[at]?.open !== true },
        journals: self.tickets[at]?.comments.map((notes) => ({ notes })),
        attachments: self.files.map(({ name }) => ({ filename: name })),
      })
      if (request.path === '/users/current.json') return ok({ user: { login: 'bot' } })
      if (request.path === '/projects/stalls.json') return ok({ project: { id: 1 } })
      if (request.path === '/issue_statuses.json')
        return ok({ issue_statuses: [{ id: 1 }, { id: 5, is_closed: true }] })
      if (request.path === '/uploads.json') {
        if (request.headers['content-type'] !== 'application/octet-stream') return breaks(RULES.upload, 406)
        const number = uploads.push({ name: request.query.get('filename') ?? '', bytes: request.body })
        return ok({ upload: { id: number, token: `${number}.token` } }, 201)
      }
      const [matches, number] = /^\/issues(?:\/(\d+))?\.json$/.exec(request.path) ?? []
      if (matches === undefined) return missing('such resource')
      if (number === undefined && request.method === 'GET') {
        const mark = (request.query.get('subject') ?? '').replace(/^~/, '')
        return ok({ issues: withMark(self, mark).map((at) => shown(at)) })
      }
      const body = bodyOf(request)
      if (number === undefined) return create(self, body, shown)
      const at = Number(number) - 1
      const ticket = self.tickets[at]
      if (ticket === undefined) return missing('issue')
      if (request.method !== 'PUT') return ok({ issue: shown(at) })
      for (const each of listAt(body, 'issue', 'uploads')) {
        const upload = uploads[Number.parseInt(textAt(each, 'token'), 10) - 1]
        if (upload === undefined) return breaks(RULES.token, 422)
        self.files.push({ name: textAt(each, 'filename'), bytes: upload.bytes })
      }
      const notes = textAt(body, 'issue', 'notes')
      if (notes !== '') ticket.comments.push(notes)
      if (valueAt(body, 'issue', 'status_id') === 1) ticket.open = true
      return { status: 204 }
    },
  })
}

function create(self: Vendor, body: unknown, shown: (at: number) => object): Reply {
  const subject = textAt(body, 'issue', 'subject')
  const isPlaced = textAt(body, 'issue', 'project_id') === 'stalls'
  if (!isPlaced || subject === '' || subject.length > 255) return breaks(RULES.create, 422)
  const marks = [...subject.matchAll(/\[(stall-[\w-]+)\]/g)].map((match) => match[1] ?? '')
  return ok({ issue: shown(add(self, subject, textAt(body, 'issue', 'description'), marks) - 1) }, 201)
}
