/**
 * GitHub issues (https://docs.github.com/rest/issues): a comment has 65,536 characters at most, and REST takes no files, so
 * the text has the link. Found again by labels: GitHub's search is behind by seconds to minutes, its lists are not.
 */
import { letterAsMarkdown } from '../../report/letter/as-text.js'
import type { Answer } from '../contract/answer.js'
import type { SinkContext, Ticket, TicketSystem } from '../contract/sink.js'
import { refused } from '../contract/sink-error.js'
import { bestOf } from './ticket-search.js'

const MAX_BODY = 65_000
const MAX_TITLE = 256

export function open(context: SinkContext): TicketSystem {
  const { values } = context
  const home = values.text('repository')
  const client = context.http(values.text('url') ?? 'https://api.github.com', {
    authorization: `Bearer ${values.needed('token')}`,
    accept: 'application/vnd.github+json',
    'x-github-api-version': '2022-11-28',
    // Refused without one.
    'user-agent': 'conductor-stall-agent',
  })
  const issues = (): string => `/repos/${home ?? missingRepository()}/issues`

  const toTicket = (answer: Answer): Ticket => {
    const url = answer.text('html_url')
    const repository = /([^/]+\/[^/]+)\/issues\/\d+$/.exec(url)?.[1] ?? home ?? ''
    return { ref: `${repository}#${answer.text('number')}`, url, open: answer.maybe('state') !== 'closed' }
  }
  /** `owner/name#12`, `#12` or `12`. */
  const path = (key: string): string => {
    if (context.rehearse !== null && key.includes('(')) return `${issues()}/(number)`
    const [, repository = home ?? missingRepository(), number] = /^(?:([\w.-]+\/[\w.-]+))?#?(\d+)$/.exec(key) ?? []
    if (number === undefined) throw refused(`${key} is no issue`, '--to github:owner/name#12')
    return `/repos/${repository}/issues/${number}`
  }

  return {
    kind: 'ticket',
    get: async (key) => toTicket(await client.get(path(key))),
    find: async (mark) => {
      const query = { labels: mark, state: 'all', sort: 'created', direction: 'desc', per_page: '20' }
      return bestOf((await client.get(issues(), { query })).list().map((issue) => toTicket(issue)))
    },
    create: async (letter, marks) =>
      toTicket(
        await client.send('POST', issues(), {
          json: {
            title: letter.title.slice(0, MAX_TITLE),
            body: letterAsMarkdown(letter, MAX_BODY),
            labels: [marks.incident, marks.cause].filter((mark) => mark !== null),
          },
        }),
      ),
    comment: async ({ ref }, letter) => {
      await client.send('POST', `${path(ref)}/comments`, { json: { body: letterAsMarkdown(letter, MAX_BODY) } })
    },
    hasComment: async ({ ref }, mark) => {
      // Oldest first, whatever is asked for: the last pages have the new ones.
      const total = Number((await client.get(path(ref))).maybe('comments') ?? 0)
      const query = { per_page: '100', page: String(Math.max(1, Math.ceil(total / 100))) }
      return (await client.get(`${path(ref)}/comments`, { query }))
        .list()
        .some((each) => each.maybe('body')?.includes(mark) === true)
    },
    reopen: async ({ ref }) => {
      await client.send('PATCH', path(ref), { json: { state: 'open' } })
    },
    check: async () => {
      if (home === null) return [{ ok: true, text: `signed in as ${(await client.get('/user')).text('login')}` }]
      const repository = await client.get(`/repos/${home}`)
      if (repository.value('has_issues') === false) {
        return [
          { ok: false, text: `${home} has no issues`, advice: 'Switch them on in the settings of the repository.' },
        ]
      }
      const mayWrite =
        repository.value('permissions', 'push') === true || repository.value('permissions', 'triage') === true
      return [
        mayWrite
          ? { ok: true, text: `issues of ${home} can be written` }
          : {
              ok: false,
              text: `${home} can be seen; labels need the right to triage`,
              advice: 'Give the token "Issues: write".',
            },
      ]
    },
  }
}

function missingRepository(): never {
  throw refused('no repository is set', 'Set CONDUCTOR_STALL_SINK_GITHUB_REPOSITORY, or --to github:owner/name#12')
}
