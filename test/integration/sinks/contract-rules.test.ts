/**
 * The contract servers refuse what the vendors' documents refuse: each rule is broken once, and named in the answer with its
 * page. A test against a server that takes everything would prove nothing.
 */
import { afterEach, expect, test } from 'vitest'
import { ContractServer } from '../../support/sinks/contract-server.js'
import { startVendor, type VendorName } from '../../support/sinks/vendors/index.js'
import { ROUTING_KEY } from '../../support/sinks/vendors/pagerduty.js'
import { basicOf, RULES_MADE } from '../../support/sinks/vendors/vendor.js'

let server: ContractServer | null = null
afterEach(async () => {
  await server?.close()
  server = null
})

const AUTH: Readonly<Partial<Record<VendorName, Readonly<Record<string, string>>>>> = {
  rt: { authorization: basicOf('root', 'rt-password') },
  redmine: { 'x-redmine-api-key': 'redmine-key' },
  jira: { authorization: basicOf('bot@example.org', 'jira-token') },
  github: { authorization: 'Bearer gh-token', 'user-agent': 'a-test' },
  gitlab: { 'private-token': 'gl-token' },
  slack: { authorization: 'Bearer xoxb-test' },
  servicenow: { authorization: basicOf('bot', 'sn-password') },
  azuredevops: { authorization: basicOf('', 'pat') },
  'pagerduty-incident': { authorization: 'Token token=pd-token', from: 'bot@example.org' },
  sentry: { 'x-sentry-auth': 'Sentry sentry_key=public' },
}

interface Wrong {
  readonly path: string
  readonly method?: string
  /** An empty one takes a header away. */
  readonly headers?: Readonly<Record<string, string>>
  readonly json?: unknown
  readonly body?: string
  readonly status: number
  /** Slack says it so. */
  readonly error?: string
}

const jiraIssue = (fields: object): object => ({
  fields: {
    project: { key: 'OPS' },
    issuetype: { name: 'Bug' },
    summary: 'one line',
    description: { type: 'doc', version: 1, content: [] },
    labels: [],
    ...fields,
  },
})
const slackMessage = (more: object): object => ({
  channel: 'C0123',
  blocks: [],
  metadata: { event_type: 'a', event_payload: { a: 'b' } },
  ...more,
})
const section = (text: string): object => ({ type: 'section', text: { type: 'mrkdwn', text } })
const event = (more: object, payload: object = {}): object => ({
  routing_key: ROUTING_KEY,
  event_action: 'trigger',
  payload: { summary: 's', source: 'h', severity: 'critical', ...payload },
  ...more,
})
const pdIncident = (more: object): object => ({
  incident: { type: 'incident', title: 't', service: { id: 'PSVC', type: 'service_reference' }, ...more },
})
/** Of the ticket that is there. */
const MARK = 'stall-1'
const WIT = '/My%20App/_apis/wit'
const V = 'api-version=7.1'

const WRONG: readonly (readonly [VendorName, string, Wrong])[] = [
  ['jira', 'no credentials', { path: '/rest/api/3/myself', headers: { authorization: '' }, status: 401 }],
  ['jira', 'the search that was removed', { path: '/rest/api/3/search?jql=x', status: 410 }],
  ['jira', 'no JQL', { path: '/rest/api/3/search/jql', status: 400 }],
  ['jira', 'no project', { path: '/rest/api/3/issue', json: jiraIssue({ project: {} }), status: 400 }],
  ['jira', 'two lines of summary', { path: '/rest/api/3/issue', json: jiraIssue({ summary: 'a\nb' }), status: 400 }],
  ['jira', 'text where ADF belongs', { path: '/rest/api/3/issue', json: jiraIssue({ description: 'x' }), status: 400 }],
  [
    'jira',
    'an empty text node',
    {
      path: '/rest/api/3/issue',
      json: jiraIssue({ description: { type: 'doc', version: 1, content: [{ type: 'text', text: '' }] } }),
      status: 400,
    },
  ],
  ['jira', 'a label with a space', { path: '/rest/api/3/issue', json: jiraIssue({ labels: ['a b'] }), status: 400 }],
  ['jira', 'a ticket that is not there', { path: '/rest/api/3/issue/OPS-9', status: 404 }],
  ['github', 'no user agent', { path: '/repos/acme/app', headers: { 'user-agent': '' }, status: 403 }],
  ['github', 'no token', { path: '/repos/acme/app', headers: { authorization: '' }, status: 401 }],
  [
    'github',
    'a version that is not there',
    { path: '/repos/acme/app', headers: { 'x-github-api-version': '2001-01-01' }, status: 400 },
  ],
  [
    'github',
    'a body that is too long',
    { path: '/repos/acme/app/issues', json: { title: 't', body: 'x'.repeat(65_537) }, status: 422 },
  ],
  ['github', 'no title', { path: '/repos/acme/app/issues', json: { body: 'x' }, status: 422 }],
  ['gitlab', 'no token', { path: '/api/v4/projects/acme%2Fapp', headers: { 'private-token': '' }, status: 401 }],
  ['gitlab', 'a path that is not encoded', { path: '/api/v4/projects/acme/app', status: 404 }],
  [
    'gitlab',
    'a long title',
    { path: '/api/v4/projects/acme%2Fapp/issues', json: { title: 'x'.repeat(256) }, status: 400 },
  ],
  ['gitlab', 'an upload that is no form', { path: '/api/v4/projects/acme%2Fapp/uploads', json: {}, status: 400 }],
  [
    'slack',
    'no token',
    { path: '/api/auth.test', json: {}, headers: { authorization: '' }, status: 200, error: 'invalid_auth' },
  ],
  [
    'slack',
    'another channel',
    { path: '/api/chat.postMessage', json: slackMessage({ channel: 'C9' }), status: 200, error: 'channel_not_found' },
  ],
  [
    'slack',
    '51 blocks',
    {
      path: '/api/chat.postMessage',
      json: slackMessage({ blocks: Array(51).fill(section('x')) }),
      status: 200,
      error: 'invalid_blocks',
    },
  ],
  [
    'slack',
    'a section of 3,001 characters',
    {
      path: '/api/chat.postMessage',
      json: slackMessage({ blocks: [section('x'.repeat(3001))] }),
      status: 200,
      error: 'invalid_blocks',
    },
  ],
  [
    'slack',
    'metadata in metadata',
    {
      path: '/api/chat.postMessage',
      json: slackMessage({ metadata: { event_type: 'a', event_payload: { a: {} } } }),
      status: 200,
      error: 'invalid_metadata_format',
    },
  ],
  [
    'slack',
    'a file that nobody uploaded',
    {
      path: '/api/files.completeUploadExternal',
      json: { files: [{ id: 'F9' }] },
      status: 200,
      error: 'file_not_found',
    },
  ],
  ['slack', 'bytes that nobody announced', { path: '/upload/F9', json: {}, status: 400 }],
  ['servicenow', 'no password', { path: '/api/now/attachment', headers: { authorization: '' }, status: 401 }],
  ['servicenow', 'a file for no record', { path: '/api/now/attachment/file?file_name=x', json: {}, status: 400 }],
  [
    'servicenow',
    'a long short description',
    { path: '/api/now/table/incident', json: { short_description: 'x'.repeat(161) }, status: 400 },
  ],
  [
    'azuredevops',
    'no token: a page, with 203',
    { path: `${WIT}/workitemtypes?${V}`, headers: { authorization: '' }, status: 203 },
  ],
  ['azuredevops', 'no version', { path: `${WIT}/workitemtypes`, status: 400 }],
  ['azuredevops', 'JSON where a patch belongs', { path: `${WIT}/workitems/$Bug?${V}`, json: [], status: 415 }],
  [
    'azuredevops',
    'no title',
    {
      path: `${WIT}/workitems/$Bug?${V}`,
      body: '[]',
      headers: { 'content-type': 'application/json-patch+json' },
      status: 400,
    },
  ],
  ['azuredevops', 'a file as JSON', { path: `${WIT}/attachments?fileName=x&${V}`, json: {}, status: 415 }],
  ['pagerduty-incident', 'no token', { path: '/services/PSVC', headers: { authorization: '' }, status: 401 }],
  [
    'pagerduty-incident',
    'from nobody',
    { path: '/incidents', json: pdIncident({}), headers: { from: '' }, status: 400 },
  ],
  ['pagerduty-incident', 'no service', { path: '/incidents', json: pdIncident({ service: {} }), status: 400 }],
  ['pagerduty', 'a short key', { path: '/v2/enqueue', json: event({ routing_key: 'r' }), status: 400 }],
  ['pagerduty', 'an unknown action', { path: '/v2/enqueue', json: event({ event_action: 'fire' }), status: 400 }],
  ['pagerduty', 'a long dedup key', { path: '/v2/enqueue', json: event({ dedup_key: 'x'.repeat(256) }), status: 400 }],
  ['pagerduty', 'no such severity', { path: '/v2/enqueue', json: event({}, { severity: 'bad' }), status: 400 }],
  ['pagerduty', 'more than 512 KB', { path: '/v2/enqueue', json: event({ more: 'x'.repeat(524_288) }), status: 413 }],
  ['sentry', 'no key', { path: '/api/42/envelope/', body: '{}\n', headers: { 'x-sentry-auth': '' }, status: 401 }],
  [
    'sentry',
    'an item that is shorter than it says',
    { path: '/api/42/envelope/', body: '{}\n{"type":"event","length":9}\n{}\n', status: 400 },
  ],
  [
    'sentry',
    'an event of another id',
    {
      path: '/api/42/envelope/',
      body: `{"event_id":"${'a'.repeat(32)}"}\n{"type":"event","length":2}\n{}\n`,
      status: 400,
    },
  ],
  ['rt', 'no password', { path: '/REST/2.0/queue/General', headers: { authorization: '' }, status: 401 }],
  ['rt', 'no queue', { path: '/REST/2.0/ticket', json: { Subject: 's', ContentType: 'text/html' }, status: 400 }],
  ['redmine', 'no key', { path: '/users/current.json', headers: { 'x-redmine-api-key': '' }, status: 401 }],
  ['redmine', 'an upload as JSON', { path: '/uploads.json?filename=x', json: {}, status: 406 }],
  [
    'redmine',
    'a long subject',
    { path: '/issues.json', json: { issue: { project_id: 'stalls', subject: 'x'.repeat(256) } }, status: 422 },
  ],
]

/** A form of one part, as long as is asked for. */
const form = (name: string, sizeBytes: number): { body: string; headers: Record<string, string> } => ({
  headers: { 'content-type': 'multipart/form-data; boundary=cut' },
  body: `--cut\r\ncontent-disposition: form-data; name="${name}"; filename="x"\r\n\r\n${'x'.repeat(sizeBytes)}\r\n--cut--\r\n`,
})
const OPS_1 = '/rest/api/3/issue/OPS-1'
const NO_CHECK = { 'x-atlassian-token': 'no-check' }
const relation = [{ op: 'add', path: '/relations/-', value: { rel: 'Hyperlink', url: 'https://example.org' } }]

/** Of what is done to a ticket that is there. */
const WRONG_THEN: readonly (readonly [VendorName, string, Wrong])[] = [
  ['jira', 'a file that may be a forgery', { path: `${OPS_1}/attachments`, ...form('file', 3), status: 403 }],
  ['jira', 'a part of another name', { path: `${OPS_1}/attachments`, ...withHeaders(form('x', 3)), status: 400 }],
  ['jira', 'a large file', { path: `${OPS_1}/attachments`, ...withHeaders(form('file', 1_000_001)), status: 413 }],
  ['jira', 'no such transition', { path: `${OPS_1}/transitions`, json: { transition: { id: '9' } }, status: 400 }],
  ['github', 'an empty comment', { path: '/repos/acme/app/issues/1/comments', json: { body: '' }, status: 422 }],
  ['gitlab', 'a note of nothing', { path: '/api/v4/projects/acme%2Fapp/issues/1/notes', json: {}, status: 400 }],
  [
    'azuredevops',
    'a relation to no upload',
    {
      path: `${WIT}/workitems/1?${V}`,
      method: 'PATCH',
      body: JSON.stringify(relation),
      headers: { 'content-type': 'application/json-patch+json' },
      status: 400,
    },
  ],
  [
    'pagerduty-incident',
    'a second open incident of one key',
    { path: '/incidents', json: pdIncident({ incident_key: MARK }), status: 400 },
  ],
  ['pagerduty-incident', 'a note of nothing', { path: '/incidents/P1/notes', json: { note: {} }, status: 400 }],
  [
    'redmine',
    'a file that nobody uploaded',
    { path: '/issues/1.json', method: 'PUT', json: { issue: { uploads: [{ token: '7.token' }] } }, status: 422 },
  ],
  ['rt', 'a comment without its type', { path: '/REST/2.0/ticket/1/comment', json: { Content: 'x' }, status: 400 }],
  [
    'rt',
    'a file without its content',
    {
      path: '/REST/2.0/ticket/1/comment',
      json: { Content: 'x', ContentType: 'text/plain', Attachments: [{ FileName: 'x', FileType: 'text/plain' }] },
      status: 400,
    },
  ],
  ['sentry', 'more than 20 MB', { path: '/api/42/envelope/', body: 'x'.repeat(20 * 2 ** 20 + 1), status: 413 }],
]

function withHeaders<T extends { headers: Record<string, string> }>(request: T): T {
  return { ...request, headers: { ...request.headers, ...NO_CHECK } }
}

const broken = new Set<string>()

test.each([...WRONG, ...WRONG_THEN])(
  '%s refuses %s',
  async (name, _what, { path: at, method, headers = {}, json, body, status, error }) => {
    const { vendor, ...running } = await startVendor(name)
    server = running.server
    vendor.tickets.push({ title: 't', text: '', marks: [MARK], open: true, comments: [] })
    const content = json === undefined ? body : JSON.stringify(json)
    const all = { ...(json === undefined ? {} : { 'content-type': 'application/json' }), ...AUTH[name], ...headers }
    const answer = await fetch(server.url + at, {
      method: method ?? (content === undefined ? 'GET' : 'POST'),
      headers: all,
      ...(content === undefined ? {} : { body: content }),
    })
    expect(answer.status).toBe(status)
    // A page, as Azure DevOps does.
    if (status === 203) return
    const said = (await answer.json()) as { error: unknown; rule?: string }
    broken.add(`${String(said.error)} ${said.rule}`)
    if (status === 404) return
    if (error !== undefined) expect(said).toEqual({ ok: false, error })
    else
      expect(said).toEqual({
        error: expect.any(String) as string,
        rule: expect.stringMatching(/^https:\/\//) as string,
      })
  },
)

test('each rule of each server was broken above', () => {
  expect(RULES_MADE.filter(({ says, page }) => !broken.has(`${says} ${page}`))).toEqual([])
})
