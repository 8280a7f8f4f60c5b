/**
 * Redmine (https://www.redmine.org/projects/redmine/wiki/Rest_api): issues, and attachments in two steps, an upload that
 * gives a token and an update of the issue with it. Found again by the marks in the subject, which its issue list filters.
 */
import { letterAsMarkdown } from '../../report/letter/as-text.js'
import type { Answer } from '../contract/answer.js'
import type { SinkContext, Ticket, TicketSystem } from '../contract/sink.js'
import { bestOf } from './ticket-search.js'

/** Length of a subject in Redmine. */
const MAX_SUBJECT = 255

export function open(context: SinkContext): TicketSystem {
  const { values } = context
  const base = values.needed('url')
  const client = context.http(base, { 'x-redmine-api-key': values.needed('key') })

  /** `is_closed` came with Redmine 5.0; before, a closed issue has `closed_on`. */
  const toTicket = (answer: Answer, ...path: string[]): Ticket => {
    const ref = answer.text(...path, 'id')
    const isClosed =
      answer.value(...path, 'status', 'is_closed') === true || answer.maybe(...path, 'closed_on') !== null
    return { ref, url: `${base}/issues/${ref}`, open: !isClosed }
  }
  const read = async ({ ref }: Ticket): Promise<Answer> =>
    await client.get(`/issues/${encodeURIComponent(ref)}.json`, { query: { include: 'journals,attachments' } })

  return {
    kind: 'ticket',
    get: async (key) => toTicket(await client.get(`/issues/${encodeURIComponent(key)}.json`), 'issue'),
    find: async (mark) => {
      const query = { subject: `~${mark}`, status_id: '*', sort: 'id:desc', limit: '20' }
      const answer = await client.get('/issues.json', { query })
      return bestOf(answer.list('issues').map((issue) => toTicket(issue)))
    },
    create: async (letter, marks) => {
      const words = [marks.incident, marks.cause]
        .filter((mark) => mark !== null)
        .map((mark) => `[${mark}]`)
        .join(' ')
      const tracker = values.number('tracker', 0)
      const answer = await client.send('POST', '/issues.json', {
        json: {
          issue: {
            project_id: values.needed('project'),
            ...(tracker === 0 ? {} : { tracker_id: tracker }),
            subject: `${letter.title.slice(0, MAX_SUBJECT - words.length - 1)} ${words}`,
            description: letterAsMarkdown(letter),
          },
        },
      })
      return toTicket(answer, 'issue')
    },
    comment: async ({ ref }, letter) => {
      await client.send('PUT', `/issues/${ref}.json`, { json: { issue: { notes: letterAsMarkdown(letter) } } })
    },
    hasComment: async (ticket, mark) =>
      (await read(ticket)).list('issue', 'journals').some((each) => each.maybe('notes')?.includes(mark) === true),
    files: {
      names: async (ticket) =>
        (await read(ticket)).list('issue', 'attachments').map((each) => each.maybe('filename') ?? ''),
      attach: async ({ ref }, file) => {
        const upload = await client.send('POST', '/uploads.json', {
          query: { filename: file.name },
          bytes: { data: file.bytes, contentType: 'application/octet-stream' },
        })
        const uploads = [
          { token: upload.text('upload', 'token'), filename: file.name, content_type: file.contentType.split(';')[0] },
        ]
        await client.send('PUT', `/issues/${ref}.json`, { json: { issue: { uploads } } })
      },
    },
    reopen: async ({ ref }) => {
      const statuses = (await client.get('/issue_statuses.json')).list('issue_statuses')
      const first = statuses.find((status) => status.value('is_closed') !== true)
      await client.send('PUT', `/issues/${ref}.json`, { json: { issue: { status_id: Number(first?.text('id')) } } })
    },
    check: async () => {
      const user = (await client.get('/users/current.json')).text('user', 'login')
      const project = values.text('project')
      if (project === null)
        return [{ ok: true, text: `signed in as ${user}; new tickets need CONDUCTOR_STALL_SINK_REDMINE_PROJECT` }]
      const found = await client.get(`/projects/${encodeURIComponent(project)}.json`, { accept: [403, 404] })
      if (found.status !== 200) {
        return [
          { ok: false, text: `${user} does not see project ${project}`, advice: 'Make that user a member of it.' },
        ]
      }
      // Of no issue: Redmine removes such a file by itself. Nothing else tells whether one may.
      const upload = await client.send('POST', '/uploads.json', {
        query: { filename: 'conductor-diag-doctor.txt' },
        bytes: { data: Buffer.from('ok'), contentType: 'application/octet-stream' },
        accept: [403, 422],
      })
      if (upload.status === 403) {
        const advice = 'Give a role of that user "Add issues" and "Edit issues".'
        return [{ ok: false, text: `${user} sees project ${project} and may not upload files`, advice }]
      }
      if (upload.status === 422) {
        const advice = 'Administration, Settings, Files: size, and extensions that are taken (gz, md, html).'
        return [{ ok: false, text: 'Redmine does not take a small text file', advice }]
      }
      return [{ ok: true, text: `signed in as ${user}, project ${project} can be seen, files are taken` }]
    },
  }
}
