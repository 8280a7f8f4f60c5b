/** The destinations there are: one file each, loaded when it is used. */
import path from 'node:path'
import { readSinkSettings, type SinkSettings } from '../../config/sink-settings.js'
import type { Environment } from '../../config/settings.js'
import { StallError } from '../../model/stall-error.js'
import { eachText } from '../../redact/each-text.js'
import { letterAsMarkdown, letterAsText } from '../../report/letter/as-text.js'
import { createHttpClient } from '../http/http-client.js'
import type { Destination, Rehearsed, Sink, SinkContext } from '../contract/sink.js'

type Open = (context: SinkContext) => Promise<Sink> | Sink

interface Registered {
  /** What stands behind the colon; empty where nothing may. */
  readonly key: string
  /** Whether it is of any use without a key, as a destination for every incident. */
  readonly load: () => Promise<{ readonly open: Open }>
}

export const SINKS: Readonly<Record<string, Registered>> = {
  file: { key: '', load: () => import('../destinations/file.js') },
  s3: { key: '', load: () => import('../destinations/s3.js') },
  azure: { key: '', load: () => import('../destinations/azure.js') },
  rt: { key: 'number of a ticket', load: () => import('../destinations/rt.js') },
  redmine: { key: 'number of an issue', load: () => import('../destinations/redmine.js') },
  jira: { key: 'OPS-123', load: () => import('../destinations/jira.js') },
  github: { key: 'owner/name#12', load: () => import('../destinations/github.js') },
  gitlab: { key: 'group/name#12', load: () => import('../destinations/gitlab.js') },
  slack: { key: 'time stamp of a message', load: () => import('../destinations/slack.js') },
  servicenow: { key: 'number of a record', load: () => import('../destinations/servicenow.js') },
  azuredevops: { key: 'number of a work item', load: () => import('../destinations/azuredevops.js') },
  'pagerduty-incident': { key: 'id of an incident', load: () => import('../destinations/pagerduty-incident.js') },
  pagerduty: { key: '', load: () => import('../destinations/pagerduty.js') },
  sentry: { key: '', load: () => import('../destinations/sentry.js') },
  mail: { key: 'somebody’s address', load: () => import('../destinations/mail.js') },
  alertmanager: { key: '', load: () => import('../destinations/alertmanager.js') },
  conductor: { key: '', load: () => import('../destinations/conductor.js') },
  webhook: { key: '', load: () => import('../destinations/webhook.js') },
  exec: { key: 'anything the program knows', load: () => import('../destinations/exec.js') },
  module: { key: 'anything the module knows', load: () => import('../destinations/module.js') },
}

/** Throws ERR_STALL_USAGE for what is none. */
export function parseDestination(text: string): Destination {
  const colon = text.indexOf(':')
  const sink = (colon < 0 ? text : text.slice(0, colon)).trim().toLowerCase()
  const key = colon < 0 ? '' : text.slice(colon + 1).trim()
  const known = Object.hasOwn(SINKS, sink) ? SINKS[sink] : undefined
  if (known === undefined) {
    throw new StallError('ERR_STALL_USAGE', `${JSON.stringify(sink.slice(0, 60))} is no destination`, {
      help: `Destinations: ${Object.keys(SINKS).join(', ')}. docs/sinks.md says what each needs.`,
    })
  }
  if (key !== '' && known.key === '') {
    throw new StallError('ERR_STALL_USAGE', `${sink} takes nothing after a colon`, { help: `--to ${sink}` })
  }
  return { sink, key: key === '' ? null : key, name: key === '' ? sink : `${sink}:${key}` }
}

export interface SinkHouse {
  readonly settings: SinkSettings
  readonly env: Environment
  /** Takes secrets of the settings out of a text. */
  readonly mask: (text: string) => string
  /** Throws ERR_STALL_CONFIG_INVALID naming what is not set. */
  open(destination: Destination): Promise<Sink>
}

export interface SinkHouseOptions {
  readonly env: Environment
  readonly rehearse?: (request: Rehearsed) => void
  readonly now?: () => number
  /** See `SinkContext`; by default where this process runs. */
  readonly from?: string
}

/** Throws ERR_STALL_CONFIG_INVALID for a secret that can't be read. */
export function openSinkHouse({ env, rehearse, now = Date.now, from = process.cwd() }: SinkHouseOptions): SinkHouse {
  const settings = readSinkSettings(env)
  const mask = maskerOf([...settings.secrets, ...secretsBeside(env)])
  const opened = new Map<string, Promise<Sink>>()
  // Whatever a destination puts into a body: a key that is sent to log in is no part of what is shown.
  const rehearseMasked = rehearse === undefined ? null : (request: Rehearsed) => rehearse(eachText(request, mask))
  const context = (sink: string): SinkContext => ({
    settings,
    values: settings.of(sink),
    env,
    from,
    now,
    asText: (letter) => letterAsText(letter),
    asMarkdown: (letter) => letterAsMarkdown(letter),
    rehearse: rehearseMasked,
    http: (baseUrl, headers = {}, trust) =>
      createHttpClient(baseUrl, headers, {
        timeoutMs: settings.general.number('timeout_seconds', 30_000),
        caFile: absolute(settings.general.text('ca_file') ?? trust?.caFile ?? null, from),
        insecure: trust?.insecure ?? false,
        rehearse: rehearseMasked,
        certFile: absolute(trust?.certFile ?? null, from),
        keyFile: absolute(trust?.keyFile ?? null, from),
        proxy: trust?.proxy ?? null,
        mask,
      }),
  })
  return {
    settings,
    env,
    mask,
    open: async ({ sink }) => {
      const missing = settings.missing(sink)
      if (missing.length > 0) {
        throw new StallError('ERR_STALL_CONFIG_INVALID', `${sink} needs ${missing.join(', ')}`, {
          help: 'docs/sinks.md lists what each destination needs.',
        })
      }
      const known = opened.get(sink)
      if (known !== undefined) return await known
      const opening = load(sink, context(sink))
      opened.set(sink, opening)
      return await opening
    },
  }
}

function absolute(file: string | null, from: string): string | null {
  return file === null ? null : path.resolve(from, file)
}

async function load(sink: string, context: SinkContext): Promise<Sink> {
  const registered = SINKS[sink]
  if (registered === undefined) throw new StallError('ERR_STALL_INTERNAL', `there is no destination ${sink}`)
  return await (await registered.load()).open(context)
}

/** What destinations take from variables of others. */
function secretsBeside(env: Environment): string[] {
  const variables = ['CONDUCTOR_AUTH_SECRET', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN']
  const proxies = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'].map((name) => env[name] ?? '')
  return [
    ...variables.map((name) => (env[name] ?? '').trim()),
    ...proxies.map((url) => (URL.canParse(url) ? decodedPassword(new URL(url)) : '')),
  ].filter((secret) => secret !== '')
}

function decodedPassword({ password }: URL): string {
  try {
    return decodeURIComponent(password)
  } catch {
    return password
  }
}

/** Short ones would take half of every text with them. */
const LEAST_SECRET = 5

function maskerOf(secrets: readonly string[]): (text: string) => string {
  const worth = secrets.filter((secret) => secret.length >= LEAST_SECRET)
  const forms = worth.flatMap((secret) => [secret, encodeURIComponent(secret)])
  const longestFirst = [...new Set(forms)].sort((a, b) => b.length - a.length)
  return (text) => longestFirst.reduce((masked, secret) => masked.replaceAll(secret, '[secret]'), text)
}
