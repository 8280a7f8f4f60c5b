/* oxlint-disable typescript/no-explicit-any -- foreign requests: each field is checked where it is read */
/**
 * Contract servers: small stand-ins that enforce what a vendor documents and refuse everything else with the vendor's own
 * status. Each rule names the page it is from. They keep what they got, so that sums can be compared.
 */
import { type FormFile, type Handler, jsonOf, parseForm, type Received, type Reply } from './contract-server.js'

export interface Vendor {
  /** Settings without the address. */
  readonly env: Readonly<Record<string, string>>
  readonly url: string
  readonly handler: (base: () => string) => Handler
  readonly tickets: { title: string; text: string; marks: string[]; open: boolean; comments: string[] }[]
  readonly files: { name: string; bytes: Buffer }[]
  /** Links alone: the API takes no files. */
  readonly linksOnly?: boolean
}

const no = (status: number, why: string): Reply => ({ status, body: { error: why } })
const ok = (body: unknown, status = 200): Reply => ({ status, body })
const basicOf = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

function vendor(
  env: Record<string, string>,
  url: string,
  make: (self: Vendor, base: () => string) => Handler,
  linksOnly = false,
): Vendor {
  const self: Vendor = { env, url, tickets: [], files: [], linksOnly, handler: (base) => make(self, base) }
  return self
}

const add = (self: Vendor, title: unknown, text: unknown, marks: unknown[]): number =>
  self.tickets.push({ title: String(title), text: String(text), marks: marks.map(String), open: true, comments: [] })

const withMark = (self: Vendor, mark: string): number[] =>
  self.tickets.flatMap(({ marks }, at) => (marks.includes(mark) ? [at] : [])).toReversed()

function keep(self: Vendor, file: FormFile | undefined): boolean {
  if (file?.fileName === null || file === undefined) return false
  self.files.push({ name: file.fileName, bytes: file.bytes })
  return true
}

/** https://developer.atlassian.com/cloud/jira/platform/rest/v3/ */
export const jira = (): Vendor =>
  vendor(
    { JIRA_USER: 'bot@example.org', JIRA_TOKEN: 'jira-token', JIRA_PROJECT: 'OPS', JIRA_API: '3' },
    'JIRA_URL',
    (self) => async (request) => {
      // "Basic auth for REST APIs": e-mail address and API token.
      if (request.headers.authorization !== basicOf('bot@example.org', 'jira-token')) return no(401, 'no')
      const [, , , version, what, key, sub] = request.path.split('/')
      if (version !== '3') return no(404, 'version')
      const plain = (at: number) => ({
        key: `OPS-${at + 1}`,
        fields: {
          status: { statusCategory: { key: self.tickets[at]!.open ? 'new' : 'done' } },
          attachment: self.files.map(({ name }) => ({ filename: name })),
        },
      })
      // "Search for issues using JQL enhanced search": GET /search/jql; /search answers 410 since 2025.
      if (what === 'search') {
        if (key !== 'jql') return no(410, 'gone')
        const mark = /^labels = "([\w-]+)" ORDER BY created DESC$/.exec(request.query.get('jql') ?? '')?.[1]
        return mark === undefined ? no(400, 'JQL') : ok({ issues: withMark(self, mark).map((at) => plain(at)) })
      }
      if (what === 'issue' && key === undefined && request.method === 'POST') {
        const { fields } = jsonOf(request) as { fields: Record<string, any> }
        // "Create issue": a summary of one line and 255 characters; in version 3 the description is ADF.
        const adf = fields['description'] as { type?: string; version?: number; content?: unknown[] }
        if (fields['project']?.key !== 'OPS' || fields['issuetype']?.name !== 'Bug') return no(400, 'project')
        if (/\n/.test(fields['summary']) || fields['summary'].length > 255) return no(400, 'summary')
        if (adf.type !== 'doc' || adf.version !== 1 || !isAdf(adf)) return no(400, 'not ADF')
        // Labels hold no spaces.
        if ((fields['labels'] as string[]).some((label) => /\s/.test(label))) return no(400, 'labels')
        const number = add(self, fields['summary'], JSON.stringify(adf), fields['labels'])
        return ok({ id: '1', key: `OPS-${number}` }, 201)
      }
      const at = Number(/^OPS-(\d+)$/.exec(key ?? '')?.[1] ?? 0) - 1
      const ticket = self.tickets[at]
      if (what === 'issue' && ticket === undefined)
        return no(404, 'Issue does not exist or you do not have permission to see it.')
      if (sub === 'attachments') {
        // "Add attachment": multipart, the header X-Atlassian-Token: no-check (else 403), the part `file`.
        if (request.headers['x-atlassian-token'] !== 'no-check') return no(403, 'XSRF check failed')
        const [part, ...more] = await parseForm(request)
        return part?.name === 'file' && more.length === 0 && keep(self, part) ? ok([{}]) : no(400, 'part')
      }
      if (sub === 'comment' && request.method === 'POST') {
        const { body } = jsonOf(request) as { body: object }
        if (!isAdf(body)) return no(400, 'not ADF')
        ticket!.comments.push(JSON.stringify(body))
        return ok({}, 201)
      }
      if (sub === 'comment')
        return ok({ comments: ticket!.comments.map((body) => ({ body: JSON.parse(body) as unknown })) })
      if (sub === 'transitions' && request.method === 'GET') {
        return ok({
          transitions: [
            { id: '11', name: 'Close', to: { statusCategory: { key: 'done' } } },
            { id: '21', name: 'Reopen', to: { statusCategory: { key: 'new' } } },
          ],
        })
      }
      if (sub === 'transitions') {
        if ((jsonOf(request)['transition'] as { id: string }).id !== '21') return no(400, 'transition')
        ticket!.open = true
        return { status: 204 }
      }
      if (what === 'issue') return ok(plain(at))
      if (what === 'myself') return ok({ displayName: 'Bot' })
      if (what === 'attachment') return ok({ enabled: true, uploadLimit: 1_000_000 })
      if (what === 'mypermissions') {
        const names = (request.query.get('permissions') ?? '').split(',')
        return ok({ permissions: Object.fromEntries(names.map((name) => [name, { havePermission: true }])) })
      }
      return no(404, 'no such resource')
    },
  )

/** https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/: texts are not empty, nodes have a type. */
function isAdf(node: unknown): boolean {
  const { type, text, content } = node as { type?: unknown; text?: unknown; content?: unknown[] }
  if (typeof type !== 'string' || (type === 'text' && (typeof text !== 'string' || text === ''))) return false
  return (content ?? []).every((each) => isAdf(each))
}

/** https://docs.github.com/en/rest/issues */
export const github = (): Vendor =>
  vendor(
    { GITHUB_TOKEN: 'gh-token', GITHUB_REPOSITORY: 'acme/app' },
    'GITHUB_URL',
    (self, base) => (request) => {
      // "Getting started": User-Agent is required (403), bearer token.
      if (!request.headers['user-agent']) return no(403, 'Request forbidden by administrative rules.')
      if (request.headers.authorization !== 'Bearer gh-token') return no(401, 'Bad credentials')
      if (request.path === '/repos/acme/app') return ok({ has_issues: true, permissions: { push: true } })
      const [, number, sub] = /^\/repos\/acme\/app\/issues(?:\/(\d+)(?:\/(\w+))?)?$/.exec(request.path) ?? []
      const plain = (at: number) => ({
        number: at + 1,
        state: self.tickets[at]!.open ? 'open' : 'closed',
        comments: self.tickets[at]!.comments.length,
        html_url: `${base()}/acme/app/issues/${at + 1}`,
      })
      if (number === undefined && request.method === 'GET') {
        return ok(withMark(self, request.query.get('labels') ?? '').map((at) => plain(at)))
      }
      if (number === undefined) {
        const { title, body, labels } = jsonOf(request) as { title: string; body: string; labels: string[] }
        // "body is too long (maximum is 65536 characters)", title 256, labels 50.
        if (body.length > 65_536 || title.length > 256 || labels.some((label) => label.length > 50))
          return no(422, 'too long')
        return ok(plain(add(self, title, body, labels) - 1), 201)
      }
      const ticket = self.tickets[Number(number) - 1]
      if (ticket === undefined) return no(404, 'Not Found')
      if (sub === 'comments' && request.method === 'GET') return ok(ticket.comments.map((body) => ({ body })))
      if (sub === 'comments') {
        const body = String(jsonOf(request)['body'])
        if (body.length > 65_536) return no(422, 'too long')
        ticket.comments.push(body)
        return ok({}, 201)
      }
      if (request.method === 'PATCH') ticket.open = jsonOf(request)['state'] === 'open'
      return ok(plain(Number(number) - 1))
    },
    true,
  )

/** https://docs.gitlab.com/api/issues/, /api/notes/, /api/project_markdown_uploads/ */
export const gitlab = (): Vendor =>
  vendor({ GITLAB_TOKEN: 'gl-token', GITLAB_PROJECT: 'acme/app' }, 'GITLAB_URL', (self, base) => async (request) => {
    // "Personal access tokens": the header PRIVATE-TOKEN.
    if (request.headers['private-token'] !== 'gl-token') return no(401, '401 Unauthorized')
    // "NAMESPACE/PROJECT_NAME is URL-encoded": one segment.
    const prefix = '/api/v4/projects/acme%2Fapp'
    if (!request.url.startsWith(prefix)) return no(404, '404 Project Not Found')
    const [, what, number, sub] = request.path.slice(prefix.length).split('/')
    const plain = (at: number) => ({
      iid: at + 1,
      state: self.tickets[at]!.open ? 'opened' : 'closed',
      web_url: `${base()}/acme/app/-/issues/${at + 1}`,
    })
    if (what === undefined) return ok({ permissions: { project_access: { access_level: 30 } } })
    if (what === 'uploads') {
      const [part] = await parseForm(request)
      if (part?.name !== 'file' || !keep(self, part)) return no(400, 'file is missing')
      return ok({ markdown: `[${part.fileName}](/uploads/66dbcd21ec5d24ed6ea225176098d52b/${part.fileName})` }, 201)
    }
    if (number === undefined && request.method === 'GET') {
      return ok(withMark(self, request.query.get('labels') ?? '').map((at) => plain(at)))
    }
    if (number === undefined) {
      const { title, description, labels } = jsonOf(request) as Record<string, string>
      if (title!.length > 255 || description!.length > 1_048_576) return no(400, 'too long')
      return ok(plain(add(self, title, description, labels!.split(',')) - 1), 201)
    }
    const ticket = self.tickets[Number(number) - 1]
    if (ticket === undefined) return no(404, '404 Not found')
    if (sub === 'notes' && request.method === 'GET') return ok(ticket.comments.map((body) => ({ body })))
    if (sub === 'notes') {
      ticket.comments.push(String(jsonOf(request)['body']))
      return ok({}, 201)
    }
    if (request.method === 'PUT') ticket.open = jsonOf(request)['state_event'] === 'reopen'
    return ok(plain(Number(number) - 1))
  })

/** https://docs.slack.dev/reference/methods */
export const slack = (): Vendor => {
  const uploads = new Map<string, { name: string; length: number; bytes: Buffer | null }>()
  const metadata: object[] = []
  return vendor({ SLACK_TOKEN: 'xoxb-test', SLACK_CHANNEL: 'C0123' }, 'SLACK_URL', (self, base) => (request) => {
    const method = request.path.split('/').at(-1) ?? ''
    if (request.path.startsWith('/upload/')) {
      // The upload URL is pre-signed: no token may be needed.
      const upload = uploads.get(method)
      if (upload === undefined || upload.length !== request.body.length) return { status: 400, body: 'length' }
      upload.bytes = request.body
      return { status: 200, body: 'OK' }
    }
    // Errors are 200 with ok: false ("Using the Slack Web API").
    const bad = (error: string): Reply => ok({ ok: false, error })
    if (request.headers.authorization !== 'Bearer xoxb-test') return bad('invalid_auth')
    switch (method) {
      case 'auth.test':
        return {
          status: 200,
          headers: { 'x-oauth-scopes': 'chat:write,files:write,channels:history' },
          body: { ok: true, user: 'bot', team: 'acme' },
        }
      case 'chat.getPermalink':
        return ok({ ok: true, permalink: `${base()}/archives/C0123/p${request.query.get('message_ts')}` })
      case 'conversations.history':
        return ok({
          ok: true,
          messages: metadata.map((each, at) => ({ ts: `1.${at + 1}`, metadata: each })).toReversed(),
        })
      case 'conversations.replies': {
        const at = Number((request.query.get('ts') ?? '').split('.')[1]) - 1
        return ok({
          ok: true,
          messages: (self.tickets[at]?.comments ?? []).map((text) => ({
            metadata: JSON.parse(text) as unknown,
            files: [],
          })),
        })
      }
      case 'chat.postMessage': {
        const { channel, blocks, text, thread_ts: thread, metadata: meta } = jsonOf(request) as Record<string, any>
        if (channel !== 'C0123') return bad('channel_not_found')
        // "Block Kit": 50 blocks, section text 1 to 3,000 characters, header plain text of 150.
        const valid = (blocks as { type: string; text: { type: string; text: string } }[]).every((each) =>
          each.type === 'header'
            ? each.text.type === 'plain_text' && each.text.text.length <= 150
            : each.text.text.length >= 1 && each.text.text.length <= 3000,
        )
        if (!valid || blocks.length > 50) return bad('invalid_blocks')
        // "Message metadata": a flat event_payload.
        if (
          typeof meta.event_type !== 'string' ||
          Object.values(meta.event_payload as object).some((each) => typeof each === 'object' && each !== null)
        )
          return bad('metadata_must_be_sent_from_app')
        if (thread !== undefined) {
          self.tickets[Number(String(thread).split('.')[1]) - 1]!.comments.push(JSON.stringify(meta))
          return ok({ ok: true, channel, ts: '2.1' })
        }
        metadata.push(meta as object)
        const number = add(self, text, JSON.stringify(blocks), Object.values(meta.event_payload as object))
        return ok({ ok: true, channel, ts: `1.${number}` })
      }
      case 'files.getUploadURLExternal': {
        const id = `F${uploads.size + 1}`
        uploads.set(id, {
          name: request.query.get('filename') ?? '',
          length: Number(request.query.get('length')),
          bytes: null,
        })
        return ok({ ok: true, upload_url: `${base()}/upload/${id}`, file_id: id })
      }
      case 'files.completeUploadExternal': {
        const { files, channel_id: channel, thread_ts: thread } = jsonOf(request) as Record<string, any>
        const upload = uploads.get(files[0].id)
        if (upload?.bytes == null || channel !== 'C0123' || thread === undefined) return bad('file_not_found')
        self.files.push({ name: upload.name, bytes: upload.bytes })
        return ok({ ok: true })
      }
      default:
        return bad('unknown_method')
    }
  })
}

/** ServiceNow docs, "Table API" and "Attachment API" */
export const servicenow = (): Vendor =>
  vendor({ SERVICENOW_USER: 'bot', SERVICENOW_PASSWORD: 'sn-password' }, 'SERVICENOW_URL', (self) => (request) => {
    if (request.headers.authorization !== basicOf('bot', 'sn-password')) return no(401, 'User Not Authenticated')
    const idOf = (at: number): string => String(at + 1).padStart(32, '0')
    const plain = (at: number) => ({ sys_id: idOf(at), number: `INC${at + 1}`, active: String(self.tickets[at]!.open) })
    if (request.path === '/api/now/attachment/file') {
      // Required: table_name, table_sys_id, file_name; the body is the file, with its content type.
      const [table, id, name] = ['table_name', 'table_sys_id', 'file_name'].map((key) => request.query.get(key))
      if (table !== 'incident' || !id || !name || !request.headers['content-type']) return no(400, 'parameters')
      self.files.push({ name, bytes: request.body })
      return ok({ result: {} }, 201)
    }
    if (request.path === '/api/now/attachment')
      return ok({ result: self.files.map(({ name }) => ({ file_name: name })) })
    if (request.path === '/api/now/table/sys_journal_field') return ok({ result: [] })
    const [, id] = /^\/api\/now\/table\/incident(?:\/(\w+))?$/.exec(request.path) ?? [null, null]
    if (id === null) return no(404, 'table')
    if (id === undefined && request.method === 'GET') {
      const query = request.query.get('sysparm_query') ?? ''
      const mark = /correlation_id=([\w-]+)/.exec(query)?.[1] ?? ''
      const number = /^number=INC(\d+)/.exec(query)?.[1]
      const found = number === undefined ? withMark(self, mark) : [Number(number) - 1]
      return ok({ result: found.map((at) => plain(at)) })
    }
    if (id === undefined) {
      const body = jsonOf(request) as Record<string, string>
      // sys_dictionary: short_description has 160 characters, correlation_id 100.
      if (body['short_description']!.length > 160 || body['correlation_id']!.length > 100) return no(400, 'too long')
      const number = add(self, body['short_description'], body['description'], [
        body['correlation_id'],
        body['correlation_display'],
      ])
      return ok({ result: plain(number - 1) }, 201)
    }
    const at = Number(id) - 1
    const ticket = self.tickets[at]
    if (ticket === undefined) return no(404, 'No Record found')
    if (request.method === 'PATCH') {
      const { work_notes: notes, state } = jsonOf(request) as Record<string, string>
      if (notes !== undefined) ticket.comments.push(notes)
      if (state === '2') ticket.open = true
    }
    return ok({ result: plain(at) })
  })

/** https://learn.microsoft.com/en-us/rest/api/azure/devops/wit/ (7.1) */
export const azuredevops = (): Vendor =>
  vendor({ AZUREDEVOPS_TOKEN: 'pat', AZUREDEVOPS_PROJECT: 'My App' }, 'AZUREDEVOPS_URL', (self, base) => (request) => {
    // "Use personal access tokens": basic, with an empty user. A wrong one gets the login page with 203.
    if (request.headers.authorization !== basicOf('', 'pat'))
      return { status: 203, headers: { 'content-type': 'text/html' }, body: '<html>Sign in</html>' }
    if (request.query.get('api-version')?.startsWith('7.1') !== true) return no(400, 'api-version')
    const path = decodeURIComponent(request.path).replace('/My App/_apis/wit/', '')
    const plain = (at: number) => ({
      id: at + 1,
      fields: { 'System.State': self.tickets[at]!.open ? 'New' : 'Closed' },
      relations: self.files.map(({ name }) => ({ attributes: { name } })),
    })
    if (path === 'workitemtypes') return ok({ value: [{ name: 'Bug' }] })
    if (path === 'wiql') {
      const mark = /CONTAINS '([\w-]+)'/.exec(String(jsonOf(request)['query']))?.[1] ?? ''
      return ok({ workItems: withMark(self, mark).map((at) => ({ id: at + 1 })) })
    }
    if (path === 'workitems')
      return ok({ value: (request.query.get('ids') ?? '').split(',').map((id) => plain(Number(id) - 1)) })
    if (path === 'attachments') {
      // "Attachments - Create": application/octet-stream, fileName in the query.
      if (request.headers['content-type'] !== 'application/octet-stream') return no(415, 'content type')
      self.files.push({ name: request.query.get('fileName') ?? '', bytes: request.body })
      return ok({ id: 'x', url: `${base()}/_apis/wit/attachments/${self.files.length}` }, 201)
    }
    const patches = request.method === 'GET' || path.endsWith('comments') ? [] : patchOf(request)
    if (patches === null) return no(415, 'application/json-patch+json is expected')
    const value = (name: string): string | undefined =>
      patches.find((each) => each.path === `/fields/${name}`)?.value as string | undefined
    if (path === 'workitems/$Bug') {
      if ((value('System.Title') ?? '').length > 255) return no(400, 'title')
      const number = add(
        self,
        value('System.Title'),
        value('System.Description'),
        (value('System.Tags') ?? '').split('; '),
      )
      return ok(plain(number - 1))
    }
    const [, id, sub] = /^workitems\/(\d+)(?:\/(\w+))?$/.exec(path) ?? []
    const ticket = self.tickets[Number(id) - 1]
    if (ticket === undefined) return no(404, 'TF401232: Work item does not exist')
    if (sub === 'comments' && request.method === 'POST') ticket.comments.push(String(jsonOf(request)['text']))
    if (sub === 'comments') return ok({ comments: ticket.comments.map((text) => ({ text })) })
    if (value('System.State') === 'Active') ticket.open = true
    return ok(plain(Number(id) - 1))
  })

function patchOf(request: Received): { op: string; path: string; value: unknown }[] | null {
  if (request.headers['content-type'] !== 'application/json-patch+json') return null
  return JSON.parse(request.body.toString()) as { op: string; path: string; value: unknown }[]
}

/** https://developer.pagerduty.com/api-reference/ */
export const pagerdutyIncident = (): Vendor =>
  vendor(
    {
      PAGERDUTY_INCIDENT_TOKEN: 'pd-token',
      PAGERDUTY_INCIDENT_FROM: 'bot@example.org',
      PAGERDUTY_INCIDENT_SERVICE: 'PSVC',
    },
    'PAGERDUTY_INCIDENT_URL',
    (self, base) => (request) => {
      if (request.headers.authorization !== 'Token token=pd-token') return no(401, 'unauthorized')
      // "Create an Incident", "Create a note": From is required.
      if (request.method !== 'GET' && !/@/.test(String(request.headers['from'])))
        return no(400, 'Requester User Not Found')
      if (request.path === '/services/PSVC') return ok({ service: { name: 'Invoices' } })
      const plain = (at: number) => ({
        id: `P${at + 1}`,
        status: self.tickets[at]!.open ? 'triggered' : 'resolved',
        html_url: `${base()}/incidents/P${at + 1}`,
      })
      const [, id, sub] = /^\/incidents(?:\/P(\d+)(?:\/(\w+))?)?$/.exec(request.path) ?? []
      if (id === undefined && request.method === 'GET')
        return ok({ incidents: withMark(self, request.query.get('incident_key') ?? '').map((at) => plain(at)) })
      if (id === undefined) {
        const { incident } = jsonOf(request) as { incident: Record<string, any> }
        if (
          incident['type'] !== 'incident' ||
          incident['service'].id !== 'PSVC' ||
          incident['service'].type !== 'service_reference'
        )
          return no(400, 'service')
        // "incident_key": a second open one of the same key is refused.
        if (withMark(self, incident['incident_key']).some((at) => self.tickets[at]!.open))
          return no(400, 'Open incident with matching dedup key already exists on this service')
        return ok(
          { incident: plain(add(self, incident['title'], incident['body'].details, [incident['incident_key']]) - 1) },
          201,
        )
      }
      const ticket = self.tickets[Number(id) - 1]
      if (ticket === undefined) return no(404, 'Not Found')
      if (sub === 'notes' && request.method === 'POST') {
        ticket.comments.push((jsonOf(request)['note'] as { content: string }).content)
        return ok({}, 201)
      }
      if (sub === 'notes') return ok({ notes: ticket.comments.map((content) => ({ content })) })
      return ok({ incident: plain(Number(id) - 1) })
    },
    true,
  )
