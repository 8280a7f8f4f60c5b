/**
 * Azure DevOps work items (https://learn.microsoft.com/rest/api/azure/devops/wit/): JSON Patch to create, an upload and then a
 * relation to attach (130 MB in one request). Found again by tags.
 */
import { letterAsHtml } from '../../report/letter/as-html.js'
import type { Answer } from '../contract/answer.js'
import type { SinkContext, Ticket, TicketSystem } from '../contract/sink.js'
import { basic, bestOf } from './ticket-search.js'

const API = '7.1'
const COMMENTS_API = '7.1-preview.4'
const CLOSED = ['Closed', 'Done', 'Removed', 'Resolved', 'Completed']
const MAX_TITLE = 255

export function open(context: SinkContext): TicketSystem {
  const { values } = context
  const base = values.needed('url')
  const project = encodeURIComponent(values.needed('project'))
  const client = context.http(`${base}/${project}`, { authorization: basic('', values.needed('token')) })
  const version = { 'api-version': API }

  const toTicket = (answer: Answer): Ticket => {
    const ref = answer.text('id')
    return {
      ref,
      url: `${base}/${project}/_workitems/edit/${ref}`,
      open: !CLOSED.includes(answer.maybe('fields', 'System.State') ?? ''),
    }
  }
  const path = (ref: string): string => `/_apis/wit/workitems/${encodeURIComponent(ref)}`
  const patch = async (method: 'POST' | 'PATCH', where: string, operations: readonly object[]): Promise<Answer> => {
    const body = operations.map((each) => ({ op: 'add', ...each }))
    const type = 'application/json-patch+json'
    // Shown as it is in a rehearsal; sent with the type that the API asks for.
    if (context.rehearse !== null) return await client.send(method, where, { query: version, json: body })
    return await client.send(method, where, {
      query: version,
      bytes: { data: Buffer.from(JSON.stringify(body)), contentType: type },
    })
  }
  const field = (name: string, value: string): object => ({ path: `/fields/${name}`, value })

  return {
    kind: 'ticket',
    get: async (key) => toTicket(await client.get(path(key), { query: version })),
    find: async (mark) => {
      const wiql = `SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = @project AND [System.Tags] CONTAINS '${mark}' ORDER BY [System.Id] DESC`
      if (context.rehearse !== null) return null
      const query = { ...version, $top: '20' }
      const ids = (await client.send('POST', '/_apis/wit/wiql', { query, json: { query: wiql } })).list('workItems')
      if (ids.length === 0) return null
      const asked = { ...version, ids: ids.map((each) => each.text('id')).join(','), fields: 'System.State' }
      return bestOf(
        (await client.get('/_apis/wit/workitems', { query: asked })).list('value').map((each) => toTicket(each)),
      )
    },
    create: async (letter, marks) => {
      const type = encodeURIComponent(values.text('type') ?? 'Bug')
      const html = letterAsHtml(letter)
      const answer = await patch('POST', `/_apis/wit/workitems/$${type}`, [
        field('System.Title', letter.title.slice(0, MAX_TITLE)),
        field('System.Description', html),
        // What the form of a Bug shows.
        field('Microsoft.VSTS.TCM.ReproSteps', html),
        field('System.Tags', [marks.incident, marks.cause].filter((mark) => mark !== null).join('; ')),
      ])
      return toTicket(answer)
    },
    comment: async ({ ref }, letter) => {
      const query = { 'api-version': COMMENTS_API }
      await client.send('POST', `${path(ref)}/comments`, { query, json: { text: letterAsHtml(letter) } })
    },
    hasComment: async ({ ref }, mark) => {
      const query = { 'api-version': COMMENTS_API, $top: '200', order: 'desc' }
      return (await client.get(`${path(ref)}/comments`, { query }))
        .list('comments')
        .some((each) => each.maybe('text')?.includes(mark) === true)
    },
    files: {
      names: async ({ ref }) =>
        (await client.get(path(ref), { query: { ...version, $expand: 'relations' } }))
          .list('relations')
          .map((each) => each.maybe('attributes', 'name') ?? ''),
      attach: async ({ ref }, file) => {
        const uploaded = await client.send('POST', '/_apis/wit/attachments', {
          query: { ...version, fileName: file.name },
          bytes: { data: file.bytes, contentType: 'application/octet-stream' },
        })
        const value = { rel: 'AttachedFile', url: uploaded.text('url'), attributes: { comment: file.name } }
        await patch('PATCH', path(ref), [{ path: '/relations/-', value }])
      },
    },
    reopen: async ({ ref }) => {
      await patch('PATCH', path(ref), [field('System.State', 'Active')])
    },
    check: async () => {
      const type = values.text('type') ?? 'Bug'
      const types = (await client.get('/_apis/wit/workitemtypes', { query: version })).list('value')
      if (!types.some((each) => each.maybe('name') === type)) {
        const advice = 'CONDUCTOR_STALL_SINK_AZUREDEVOPS_TYPE names another.'
        return [{ ok: false, text: `there is no type ${type}`, advice }]
      }
      // As if one were made: validated, and not saved.
      const body = Buffer.from(JSON.stringify([{ op: 'add', ...field('System.Title', 'conductor-diag doctor') }]))
      const made = await client.send('POST', `/_apis/wit/workitems/$${encodeURIComponent(type)}`, {
        query: { ...version, validateOnly: 'true' },
        bytes: { data: body, contentType: 'application/json-patch+json' },
        accept: [401, 403],
      })
      return made.status < 300
        ? [{ ok: true, text: `work items of type ${type} can be made` }]
        : [
            {
              ok: false,
              text: `work items of type ${type} can be seen, not made`,
              advice: 'The token needs "Work items: Read & write".',
            },
          ]
    },
  }
}
