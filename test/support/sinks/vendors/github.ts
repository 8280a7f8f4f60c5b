/** GitHub's REST API for issues. */
import type { Reply } from '../contract-server.js'
import {
  add,
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

const RULES = {
  userAgent: rule(
    'a User-Agent is required',
    'https://docs.github.com/en/rest/using-the-rest-api/getting-started-with-the-rest-api#user-agent',
  ),
  auth: rule('a bearer token', 'https://docs.github.com/en/rest/authentication/authenticating-to-the-rest-api'),
  version: rule(
    'X-GitHub-Api-Version names a version that is there',
    'https://docs.github.com/en/rest/about-the-rest-api/api-versions',
  ),
  create: rule(
    'a title, 256 characters of it; a body of 65,536; labels of 50: else 422',
    'https://docs.github.com/en/rest/issues/issues#create-an-issue',
  ),
  comment: rule(
    'a body of 65,536 characters at most: else 422',
    'https://docs.github.com/en/rest/issues/comments#create-an-issue-comment',
  ),
}
const VERSIONS = ['2022-11-28']
const MAX_BODY = 65_536

/**
 * https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit: 403 or 429,
 * x-ratelimit-remaining is 0, and x-ratelimit-reset says when in seconds since the epoch.
 */
const limited = (): Reply => ({
  status: 403,
  headers: {
    'x-ratelimit-remaining': '0',
    'x-ratelimit-reset': String(Math.ceil(Date.now() / 1000) + WAIT_SECONDS),
  },
  body: { message: 'API rate limit exceeded for user ID 1.' },
})

export const github = (): Vendor =>
  vendorOf({
    env: { GITHUB_TOKEN: 'gh-token', GITHUB_REPOSITORY: 'acme/app' },
    url: 'GITHUB_URL',
    linksOnly: true,
    limited: { reply: limited, waitSeconds: WAIT_SECONDS },
    make: (self, base) => (request) => {
      if (!request.headers['user-agent']) return breaks(RULES.userAgent, 403)
      if (request.headers.authorization !== 'Bearer gh-token') return breaks(RULES.auth, 401)
      const version = request.headers['x-github-api-version']
      if (version !== undefined && !VERSIONS.includes(String(version))) return breaks(RULES.version)
      if (request.path === '/repos/acme/app') return ok({ has_issues: true, permissions: { push: true } })
      const [matches, number, sub] = /^\/repos\/acme\/app\/issues(?:\/(\d+)(?:\/(\w+))?)?$/.exec(request.path) ?? []
      if (matches === undefined) return missing('such resource')
      const shown = (at: number): object => ({
        number: at + 1,
        state: self.tickets[at]?.open === true ? 'open' : 'closed',
        comments: self.tickets[at]?.comments.length,
        html_url: `${base()}/acme/app/issues/${at + 1}`,
      })
      if (number === undefined && request.method === 'GET') {
        return ok(withMark(self, request.query.get('labels') ?? '').map((at) => shown(at)))
      }
      const body = bodyOf(request)
      if (number === undefined) {
        const [title, text, labels] = [textAt(body, 'title'), textAt(body, 'body'), listAt(body, 'labels').map(String)]
        const isLong = text.length > MAX_BODY || title.length > 256 || labels.some((label) => label.length > 50)
        if (title === '' || isLong) return breaks(RULES.create, 422)
        return ok(shown(add(self, title, text, labels) - 1), 201)
      }
      const ticket = self.tickets[Number(number) - 1]
      if (ticket === undefined) return missing('issue')
      if (sub === 'comments' && request.method === 'GET') return ok(ticket.comments.map((text) => ({ body: text })))
      if (sub === 'comments') {
        const text = textAt(body, 'body')
        if (text === '' || text.length > MAX_BODY) return breaks(RULES.comment, 422)
        ticket.comments.push(text)
        return ok({}, 201)
      }
      if (request.method === 'PATCH') ticket.open = textAt(body, 'state') === 'open'
      return ok(shown(Number(number) - 1))
    },
  })
