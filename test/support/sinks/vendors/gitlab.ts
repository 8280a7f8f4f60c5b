/** GitLab's REST API, version 4: issues, notes, uploads. */
import { parseForm, type Reply } from '../contract-server.js'
import {
  add,
  bodyOf,
  breaks,
  keep,
  missing,
  ok,
  rule,
  textAt,
  type Vendor,
  vendorOf,
  WAIT_SECONDS,
  withMark,
} from './vendor.js'

const RULES = {
  auth: rule(
    'the token in the header PRIVATE-TOKEN',
    'https://docs.gitlab.com/api/rest/authentication/#personalprojectgroup-access-tokens',
  ),
  path: rule(
    'NAMESPACE/PROJECT is URL-encoded: one segment of the path',
    'https://docs.gitlab.com/api/rest/#namespaced-paths',
  ),
  upload: rule(
    'multipart/form-data whose part is called file',
    'https://docs.gitlab.com/api/project_markdown_uploads/#upload-a-file',
  ),
  issue: rule(
    'a title of 255 characters and a description of 1,048,576 at most',
    'https://docs.gitlab.com/development/issuable-like-models/',
  ),
  note: rule(
    'the content of a note is limited to 1,000,000 characters',
    'https://docs.gitlab.com/api/notes/#create-new-issue-note',
  ),
}
const PROJECT = '/api/v4/projects/acme%2Fapp'

/** https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/#response-headers: 429, plain text, Retry-After. */
const limited = (): Reply => ({
  status: 429,
  headers: { 'retry-after': String(WAIT_SECONDS), 'ratelimit-remaining': '0', 'content-type': 'text/plain' },
  body: 'Retry later\n',
})

export const gitlab = (): Vendor =>
  vendorOf({
    env: { GITLAB_TOKEN: 'gl-token', GITLAB_PROJECT: 'acme/app' },
    url: 'GITLAB_URL',
    limited: { reply: limited, waitSeconds: WAIT_SECONDS },
    make: (self, base) => async (request) => {
      if (request.headers['private-token'] !== 'gl-token') return breaks(RULES.auth, 401)
      if (!request.url.startsWith(PROJECT)) return breaks(RULES.path, 404)
      const [, what, number, sub] = request.path.slice(PROJECT.length).split('/')
      const shown = (at: number): object => ({
        iid: at + 1,
        state: self.tickets[at]?.open === true ? 'opened' : 'closed',
        web_url: `${base()}/acme/app/-/issues/${at + 1}`,
      })
      if (what === undefined) return ok({ permissions: { project_access: { access_level: 30 } } })
      if (what === 'uploads') {
        const [part] = await parseForm(request)
        if (part?.name !== 'file' || !keep(self, part)) return breaks(RULES.upload)
        return ok({ markdown: `[${part.fileName}](/uploads/66dbcd21ec5d24ed6ea225176098d52b/${part.fileName})` }, 201)
      }
      if (what !== 'issues') return missing('such resource')
      if (number === undefined && request.method === 'GET') {
        return ok(withMark(self, request.query.get('labels') ?? '').map((at) => shown(at)))
      }
      const body = bodyOf(request)
      if (number === undefined) {
        const [title, description] = [textAt(body, 'title'), textAt(body, 'description')]
        if (title === '' || title.length > 255 || description.length > 1_048_576) return breaks(RULES.issue)
        return ok(shown(add(self, title, description, textAt(body, 'labels').split(',')) - 1), 201)
      }
      const ticket = self.tickets[Number(number) - 1]
      if (ticket === undefined) return missing('issue')
      if (sub === 'notes' && request.method === 'GET') return ok(ticket.comments.map((text) => ({ body: text })))
      if (sub === 'notes') {
        const text = textAt(body, 'body')
        if (text === '' || text.length > 1_000_000) return breaks(RULES.note)
        ticket.comments.push(text)
        return ok({}, 201)
      }
      if (request.method === 'PUT') ticket.open = textAt(body, 'state_event') === 'reopen'
      return ok(shown(Number(number) - 1))
    },
  })
