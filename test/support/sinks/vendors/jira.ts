/** Jira Cloud's REST API, version 3. */
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
  valueAt,
  type Vendor,
  vendorOf,
  WAIT_SECONDS,
  withMark,
} from './vendor.js'

const API = 'https://developer.atlassian.com/cloud/jira/platform/rest/v3'
const RULES = {
  auth: rule(
    'basic authentication by e-mail address and API token',
    'https://developer.atlassian.com/cloud/jira/platform/basic-auth-for-rest-apis/',
  ),
  gone: rule(
    '/search was removed, /search/jql took its place',
    'https://developer.atlassian.com/changelog/#CHANGE-2046',
  ),
  jql: rule('a query in JQL', `${API}/api-group-issue-search/#api-rest-api-3-search-jql-get`),
  create: rule('a project and a type of issue', `${API}/api-group-issues/#api-rest-api-3-issue-post`),
  summary: rule(
    'a summary of one line and 255 characters at most',
    `${API}/api-group-issues/#api-rest-api-3-issue-post`,
  ),
  adf: rule(
    'in version 3 texts are documents (ADF): nodes have a type, texts are not empty',
    'https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/',
  ),
  labels: rule('labels hold no spaces', `${API}/api-group-labels/`),
  noCheck: rule(
    'X-Atlassian-Token: no-check, or it is taken for a forgery',
    `${API}/api-group-issue-attachments/#api-rest-api-3-issue-issueidorkey-attachments-post`,
  ),
  part: rule(
    'multipart/form-data whose part is called file',
    `${API}/api-group-issue-attachments/#api-rest-api-3-issue-issueidorkey-attachments-post`,
  ),
  tooLarge: rule(
    'no attachment is larger than uploadLimit',
    `${API}/api-group-issue-attachments/#api-rest-api-3-attachment-meta-get`,
  ),
  transition: rule(
    'a transition that is there',
    `${API}/api-group-issues/#api-rest-api-3-issue-issueidorkey-transitions-post`,
  ),
}
const UPLOAD_LIMIT_BYTES = 1_000_000

/** https://developer.atlassian.com/cloud/jira/platform/rate-limiting/: 429, and the seconds to wait in Retry-After. */
const limited = (): Reply => ({
  status: 429,
  headers: {
    'retry-after': String(WAIT_SECONDS),
    'x-ratelimit-remaining': '0',
    'ratelimit-reason': 'jira-burst-based',
  },
  body: { errorMessages: ['Rate limit exceeded.'] },
})

export const jira = (): Vendor =>
  vendorOf({
    env: { JIRA_USER: 'bot@example.org', JIRA_TOKEN: 'jira-token', JIRA_PROJECT: 'OPS', JIRA_API: '3' },
    url: 'JIRA_URL',
    limited: { reply: limited, waitSeconds: WAIT_SECONDS },
    make: (self) => async (request) => {
      if (request.headers.authorization !== basicOf('bot@example.org', 'jira-token')) return breaks(RULES.auth, 401)
      const [, , , version, what, key, sub] = request.path.split('/')
      if (version !== '3') return missing('such version')
      if (what === 'search') return search(self, key, request.query.get('jql') ?? '')
      if (what === 'issue' && key === undefined && request.method === 'POST') return create(self, bodyOf(request))
      if (what === 'issue') {
        const at = Number(/^OPS-(\d+)$/.exec(key ?? '')?.[1] ?? 0) - 1
        const ticket = self.tickets[at]
        if (ticket === undefined) return missing('issue, or no permission to see it')
        if (sub === undefined) return ok(shown(self, at))
        if (sub === 'attachments') {
          if (request.headers['x-atlassian-token'] !== 'no-check') return breaks(RULES.noCheck, 403)
          const [part, ...more] = await parseForm(request)
          if (part !== undefined && part.bytes.length > UPLOAD_LIMIT_BYTES) return breaks(RULES.tooLarge, 413)
          return part?.name === 'file' && more.length === 0 && keep(self, part) ? ok([{}]) : breaks(RULES.part)
        }
        if (sub === 'comment' && request.method === 'POST') {
          const body = valueAt(bodyOf(request), 'body')
          if (!isDocument(body)) return breaks(RULES.adf)
          ticket.comments.push(JSON.stringify(body))
          return ok({}, 201)
        }
        if (sub === 'comment') {
          return ok({ comments: ticket.comments.map((body) => ({ body: JSON.parse(body) as unknown })) })
        }
        if (sub === 'transitions' && request.method === 'GET') return ok({ transitions: TRANSITIONS })
        if (sub === 'transitions') {
          if (textAt(bodyOf(request), 'transition', 'id') !== '21') return breaks(RULES.transition)
          ticket.open = true
          return { status: 204 }
        }
      }
      if (what === 'myself') return ok({ displayName: 'Bot' })
      if (what === 'attachment') return ok({ enabled: true, uploadLimit: UPLOAD_LIMIT_BYTES })
      if (what === 'mypermissions') {
        const names = (request.query.get('permissions') ?? '').split(',')
        return ok({ permissions: Object.fromEntries(names.map((name) => [name, { havePermission: true }])) })
      }
      return missing('such resource')
    },
  })

const TRANSITIONS = [
  { id: '11', name: 'Close', to: { statusCategory: { key: 'done' } } },
  { id: '21', name: 'Reopen', to: { statusCategory: { key: 'new' } } },
]

function shown(self: Vendor, at: number): object {
  return {
    key: `OPS-${at + 1}`,
    fields: {
      status: { statusCategory: { key: self.tickets[at]?.open === true ? 'new' : 'done' } },
      attachment: self.files.map(({ name }) => ({ filename: name })),
    },
  }
}

function search(self: Vendor, how: string | undefined, jql: string): Reply {
  if (how !== 'jql') return breaks(RULES.gone, 410)
  const mark = /^labels = "([\w-]+)" ORDER BY created DESC$/.exec(jql)?.[1]
  return mark === undefined ? breaks(RULES.jql) : ok({ issues: withMark(self, mark).map((at) => shown(self, at)) })
}

function create(self: Vendor, body: unknown): Reply {
  const summary = textAt(body, 'fields', 'summary')
  const description = valueAt(body, 'fields', 'description')
  const labels = listAt(body, 'fields', 'labels').map(String)
  const isPlaced = textAt(body, 'fields', 'project', 'key') === 'OPS'
  if (!isPlaced || textAt(body, 'fields', 'issuetype', 'name') !== 'Bug') return breaks(RULES.create)
  if (summary === '' || summary.includes('\n') || summary.length > 255) return breaks(RULES.summary)
  if (!isDocument(description)) return breaks(RULES.adf)
  if (labels.some((label) => /\s/.test(label))) return breaks(RULES.labels)
  const number = add(self, summary, JSON.stringify(description), labels)
  return ok({ id: '1', key: `OPS-${number}` }, 201)
}

function isDocument(node: unknown): boolean {
  return textAt(node, 'type') === 'doc' && valueAt(node, 'version') === 1 && isNode(node)
}

function isNode(node: unknown): boolean {
  const type = textAt(node, 'type')
  if (type === '' || (type === 'text' && textAt(node, 'text') === '')) return false
  return listAt(node, 'content').every((each) => isNode(each))
}
