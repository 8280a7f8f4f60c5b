/**
 * Jira Cloud (REST version 3, ADF) and Data Center (version 2, wiki text):
 * https://developer.atlassian.com/cloud/jira/platform/rest/v3/. Attachments need `X-Atlassian-Token: no-check` and the part
 * `file`. Found again by labels, which need no text index.
 */
import { letterAsAdf } from '../../report/letter/as-adf.js'
import { letterAsJiraWiki } from '../../report/letter/as-jira-wiki.js'
import type { Letter } from '../../report/letter/letter.js'
import type { Answer } from '../contract/answer.js'
import type { HttpClient } from '../contract/http.js'
import type { Check, SinkContext, Ticket, TicketSystem } from '../contract/sink.js'
import { refused } from '../contract/sink-error.js'
import { basic, bestOf } from './ticket-search.js'

const MAX_SUMMARY = 255
/** Jira's limit for a text field. */
const MAX_TEXT = 32_000

export function open(context: SinkContext): TicketSystem {
  const { values } = context
  const base = values.needed('url')
  const version = values.text('api') ?? (new URL(base).hostname.endsWith('.atlassian.net') ? '3' : '2')
  const user = values.text('user')
  const token = values.needed('token')
  const client = context.http(base, { authorization: user === null ? `Bearer ${token}` : basic(user, token) })
  const api = `/rest/api/${version}`
  const body = (letter: Letter): unknown => (version === '3' ? letterAsAdf(letter) : letterAsJiraWiki(letter, MAX_TEXT))
  const path = (key: string): string => `${api}/issue/${encodeURIComponent(key)}`

  const toTicket = (answer: Answer): Ticket => {
    const ref = answer.text('key')
    return {
      ref,
      url: `${base}/browse/${ref}`,
      // The category is the same in every language and workflow.
      open: answer.maybe('fields', 'status', 'statusCategory', 'key') !== 'done',
    }
  }

  return {
    kind: 'ticket',
    get: async (key) => toTicket(await client.get(path(key), { query: { fields: 'status' } })),
    find: async (mark) => {
      const jql = `labels = "${mark}" ORDER BY created DESC`
      // Cloud's /search is gone since 2025; /search/jql took its place. Data Center has the old one.
      const where = version === '3' ? `${api}/search/jql` : `${api}/search`
      const answer = await client.get(where, { query: { jql, fields: 'status', maxResults: '20' } })
      return bestOf(answer.list('issues').map((issue) => toTicket(issue)))
    },
    create: async (letter, marks) => {
      const answer = await client.send('POST', `${api}/issue`, {
        json: {
          fields: {
            project: { key: values.needed('project') },
            issuetype: { name: values.text('issue_type') ?? 'Bug' },
            summary: letter.title.slice(0, MAX_SUMMARY),
            description: body(letter),
            labels: [marks.incident, marks.cause].filter((mark) => mark !== null),
          },
        },
      })
      return toTicket(answer)
    },
    comment: async ({ ref }, letter) => {
      await client.send('POST', `${path(ref)}/comment`, { json: { body: body(letter) } })
    },
    hasComment: async ({ ref }, mark) => {
      const query = { orderBy: '-created', maxResults: '100' }
      const comments = (await client.get(`${path(ref)}/comment`, { query })).list('comments')
      return comments.some((each) => JSON.stringify(each.value('body') ?? '').includes(mark))
    },
    files: {
      names: async ({ ref }) => {
        const answer = await client.get(path(ref), { query: { fields: 'attachment' } })
        return answer.list('fields', 'attachment').map((each) => each.maybe('filename') ?? '')
      },
      attach: async ({ ref }, file) => {
        await client.send('POST', `${path(ref)}/attachments`, {
          headers: { 'x-atlassian-token': 'no-check' },
          form: [{ name: 'file', file }],
        })
      },
    },
    reopen: async ({ ref }) => {
      const transitions = (await client.get(`${path(ref)}/transitions`)).list('transitions')
      const wanted = values.text('reopen')
      const found = transitions.find((each) =>
        wanted === null ? each.maybe('to', 'statusCategory', 'key') !== 'done' : each.maybe('name') === wanted,
      )
      if (found === undefined)
        throw refused(`${ref} has no transition that reopens it`, 'CONDUCTOR_STALL_SINK_JIRA_REOPEN names one.')
      await client.send('POST', `${path(ref)}/transitions`, { json: { transition: { id: found.text('id') } } })
    },
    check: async () => await check(client, api, values.text('project')),
  }
}

async function check(client: HttpClient, api: string, project: string | null): Promise<Check[]> {
  const who = (await client.get(`${api}/myself`)).maybe('displayName') ?? 'somebody'
  const meta = await client.get(`${api}/attachment/meta`)
  const limit = Number(meta.maybe('uploadLimit') ?? 0)
  const attachments: Check =
    meta.value('enabled') === false
      ? { ok: false, text: 'attachments are switched off', advice: 'An administrator of Jira can switch them on.' }
      : { ok: true, text: `attachments up to ${limit} bytes` }
  if (project === null) return [{ ok: true, text: `signed in as ${who}` }, attachments]
  const query = { permissions: 'CREATE_ISSUES,CREATE_ATTACHMENTS,ADD_COMMENTS', projectKey: project }
  const permissions = await client.get(`${api}/mypermissions`, { query })
  const lacking = query.permissions
    .split(',')
    .filter((name) => permissions.value('permissions', name, 'havePermission') !== true)
  return [
    lacking.length === 0
      ? { ok: true, text: `${who} may create, comment and attach in ${project}` }
      : {
          ok: false,
          text: `${who} lacks ${lacking.join(', ')} in ${project}`,
          advice: 'Give that user the permission.',
        },
    attachments,
  ]
}
