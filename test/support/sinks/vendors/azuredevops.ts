/** Azure DevOps' REST API 7.1: work items, attachments, comments. */
import type { Received, Reply } from '../contract-server.js'
import {
  add,
  basicOf,
  bodyOf,
  breaks,
  listAt,
  missing,
  ok,
  rule,
  textAt,
  type Vendor,
  vendorOf,
  WAIT_SECONDS,
  withMark,
} from './vendor.js'

const DOCS = 'https://learn.microsoft.com/en-us/rest/api/azure/devops'
const RULES = {
  version: rule('api-version in the query of every request', `${DOCS}/?view=azure-devops-rest-7.1#versioning`),
  attachment: rule(
    'application/octet-stream, and fileName in the query',
    `${DOCS}/wit/attachments/create?view=azure-devops-rest-7.1`,
  ),
  patch: rule('application/json-patch+json', `${DOCS}/wit/work-items/create?view=azure-devops-rest-7.1`),
  title: rule('System.Title has 1 to 255 characters', `${DOCS}/wit/work-items/create?view=azure-devops-rest-7.1`),
  relation: rule(
    'a file is attached by a relation AttachedFile to what the upload gave',
    `${DOCS}/wit/work-items/update?view=azure-devops-rest-7.1#add-an-attachment`,
  ),
}

/** https://learn.microsoft.com/en-us/azure/devops/integrate/concepts/rate-limits: 429, and the seconds in Retry-After. */
const limited = (): Reply => ({
  status: 429,
  headers: { 'retry-after': String(WAIT_SECONDS), 'x-ratelimit-remaining': '0' },
  body: { message: 'TF400733: The request has been canceled: Request was blocked due to exceeding usage of resource.' },
})

/** A wrong token gets the login page with 203: "Use personal access tokens" of Microsoft's documents, troubleshooting. */
const LOGIN: Reply = { status: 203, headers: { 'content-type': 'text/html' }, body: '<html>Sign in</html>' }

export const azuredevops = (): Vendor => {
  const uploads: { name: string; bytes: Buffer }[] = []
  return vendorOf({
    env: { AZUREDEVOPS_TOKEN: 'pat', AZUREDEVOPS_PROJECT: 'My App' },
    url: 'AZUREDEVOPS_URL',
    limited: { reply: limited, waitSeconds: WAIT_SECONDS },
    make: (self, base) => (request) => {
      // Basic, with an empty user: https://learn.microsoft.com/azure/devops/organizations/accounts/use-personal-access-tokens-to-authenticate
      if (request.headers.authorization !== basicOf('', 'pat')) return LOGIN
      if (request.query.get('api-version')?.startsWith('7.1') !== true) return breaks(RULES.version)
      const path = decodeURIComponent(request.path).replace('/My App/_apis/wit/', '')
      const shown = (at: number): object => ({
        id: at + 1,
        fields: { 'System.State': self.tickets[at]?.open === true ? 'New' : 'Closed' },
        relations: self.files.map(({ name }) => ({ attributes: { name } })),
      })
      if (path === 'workitemtypes') return ok({ value: [{ name: 'Bug' }] })
      if (path === 'wiql') {
        const mark = /CONTAINS '([\w-]+)'/.exec(textAt(bodyOf(request), 'query'))?.[1] ?? ''
        return ok({ workItems: withMark(self, mark).map((at) => ({ id: at + 1 })) })
      }
      if (path === 'workitems') {
        return ok({ value: (request.query.get('ids') ?? '').split(',').map((id) => shown(Number(id) - 1)) })
      }
      if (path === 'attachments') {
        const name = request.query.get('fileName') ?? ''
        if (request.headers['content-type'] !== 'application/octet-stream' || name === '') {
          return breaks(RULES.attachment, 415)
        }
        const number = uploads.push({ name, bytes: request.body })
        return ok({ id: 'x', url: `${base()}/_apis/wit/attachments/${number}` }, 201)
      }
      const [, id, sub] = /^workitems\/(\d+)(?:\/(\w+))?$/.exec(path) ?? []
      const ticket = self.tickets[Number(id) - 1]
      if (sub === 'comments' && ticket !== undefined) {
        if (request.method === 'POST') ticket.comments.push(textAt(bodyOf(request), 'text'))
        return ok({ comments: ticket.comments.map((text) => ({ text })) })
      }
      const patch = request.method === 'GET' ? [] : patchOf(request)
      if (patch === null) return breaks(RULES.patch, 415)
      const value = (name: string): string =>
        textAt(
          patch.find((each) => textAt(each, 'path') === name),
          'value',
        )
      if (path === 'workitems/$Bug') {
        const title = value('/fields/System.Title')
        if (title === '' || title.length > 255) return breaks(RULES.title)
        // Validated, and not saved.
        if (request.query.get('validateOnly') === 'true') return ok({ id: null })
        const marks = value('/fields/System.Tags').split('; ')
        return ok(shown(add(self, title, value('/fields/System.Description'), marks) - 1))
      }
      if (ticket === undefined) return missing('work item (TF401232)')
      for (const each of patch) {
        if (textAt(each, 'path') !== '/relations/-') continue
        const number = /\/attachments\/(\d+)$/.exec(textAt(each, 'value', 'url'))?.[1]
        const upload = uploads[Number(number) - 1]
        if (textAt(each, 'value', 'rel') !== 'AttachedFile' || upload === undefined) return breaks(RULES.relation)
        self.files.push(upload)
      }
      if (value('/fields/System.State') === 'Active') ticket.open = true
      return ok(shown(Number(id) - 1))
    },
  })
}

function patchOf(request: Received): unknown[] | null {
  return request.headers['content-type'] === 'application/json-patch+json'
    ? listAt({ of: bodyOf(request) }, 'of')
    : null
}
