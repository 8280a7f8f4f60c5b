/**
 * GitLab issues (https://docs.gitlab.com/api/issues/): a file is uploaded to the project and referred to by the Markdown
 * that the upload gives. Found again by labels.
 */
import { letterAsMarkdown } from '../../report/letter/as-text.js'
import type { Answer } from '../contract/answer.js'
import type { SinkContext, Ticket, TicketSystem } from '../contract/sink.js'
import { refused } from '../contract/sink-error.js'
import { bestOf } from './ticket-search.js'

const MAX_TITLE = 255

export function open(context: SinkContext): TicketSystem {
  const { values } = context
  const home = values.text('project')
  const base = values.text('url') ?? 'https://gitlab.com'
  const client = context.http(`${base}/api/v4`, { 'private-token': values.needed('token') })
  const project = (name: string = home ?? missingProject()): string => `/projects/${encodeURIComponent(name)}`

  const toTicket = (answer: Answer, name: string | null): Ticket => ({
    ref: `${name ?? ''}#${answer.text('iid')}`,
    url: answer.text('web_url'),
    open: answer.maybe('state') !== 'closed',
  })
  const parse = (key: string): { name: string; number: string } => {
    if (context.rehearse !== null && key.includes('(')) return { name: home ?? missingProject(), number: '(iid)' }
    const [, name = '', number] = /^([^#]*)#?(\d+)$/.exec(key) ?? []
    if (number === undefined) throw refused(`${key} is no issue`, '--to gitlab:group/name#12')
    return { name: name === '' ? (home ?? missingProject()) : name, number }
  }
  const path = (key: string): string => {
    const { name, number } = parse(key)
    return `${project(name)}/issues/${number}`
  }
  const notes = async (ref: string): Promise<string[]> => {
    const query = { sort: 'desc', order_by: 'created_at', per_page: '100' }
    return (await client.get(`${path(ref)}/notes`, { query })).list().map((note) => note.maybe('body') ?? '')
  }

  return {
    kind: 'ticket',
    get: async (key) => toTicket(await client.get(path(key)), parse(key).name),
    find: async (mark) => {
      const query = { labels: mark, scope: 'all', order_by: 'created_at', sort: 'desc', per_page: '20' }
      return bestOf((await client.get(`${project()}/issues`, { query })).list().map((issue) => toTicket(issue, home)))
    },
    create: async (letter, marks) => {
      const answer = await client.send('POST', `${project()}/issues`, {
        json: {
          title: letter.title.slice(0, MAX_TITLE),
          description: letterAsMarkdown(letter),
          labels: [marks.incident, marks.cause].filter((mark) => mark !== null).join(','),
        },
      })
      return toTicket(answer, home)
    },
    comment: async ({ ref }, letter) => {
      await client.send('POST', `${path(ref)}/notes`, { json: { body: letterAsMarkdown(letter) } })
    },
    hasComment: async ({ ref }, mark) => (await notes(ref)).some((body) => body.includes(mark)),
    files: {
      names: async ({ ref }) =>
        (await notes(ref)).flatMap((body) =>
          [...body.matchAll(/\/uploads\/[0-9a-f]+\/([^\s)]+)/g)].map((match) => match[1] ?? ''),
        ),
      attach: async ({ ref }, file) => {
        const upload = await client.send('POST', `${project(parse(ref).name)}/uploads`, {
          form: [{ name: 'file', file }],
        })
        await client.send('POST', `${path(ref)}/notes`, { json: { body: upload.text('markdown') } })
      },
    },
    reopen: async ({ ref }) => {
      await client.send('PUT', path(ref), { json: { state_event: 'reopen' } })
    },
    check: async () => {
      if (home === null) return [{ ok: true, text: `signed in as ${(await client.get('/user')).text('username')}` }]
      const found = await client.get(project())
      // 20: Reporter, the least that may set labels (https://docs.gitlab.com/user/permissions/).
      const levels = ['project_access', 'group_access'].map((name) =>
        Number(found.maybe('permissions', name, 'access_level') ?? 0),
      )
      return [
        Math.max(...levels) >= 20
          ? { ok: true, text: `issues of ${home} can be written` }
          : {
              ok: false,
              text: `${home} can be seen only`,
              advice: 'The token needs the role Reporter and the scope api.',
            },
      ]
    },
  }
}

function missingProject(): never {
  throw refused('no project is set', 'Set CONDUCTOR_STALL_SINK_GITLAB_PROJECT, or --to gitlab:group/name#12')
}
