/**
 * Settings of delivery, one row each: parsing, docs/sinks.md and the JSON Schema of the settings file are made from it.
 * Apart from the agent's own table, since the worker's main thread loads that one and needs none of these; where incidents
 * go (`CONDUCTOR_STALL_SINK_TO`) stands there.
 */

/** `secret`: by environment, or by a file that `..._FILE` names; never in a settings file. */
export type SinkSettingType = 'text' | 'url' | 'path' | 'secret' | 'boolean' | 'time' | 'count' | 'list' | 'choice'

export interface SinkSettingRow {
  /** Which destination it belongs to; null: delivery as a whole. */
  readonly sink: string | null
  readonly variable: string
  readonly type: SinkSettingType
  readonly choices?: readonly string[]
  /** Empty: no default. */
  readonly defaultText: string
  readonly meaning: string
  /** The destination is configured when all of its required settings are there. */
  readonly required?: boolean
}

export const SINK_PREFIX = 'CONDUCTOR_STALL_SINK_'

type Row = readonly [name: string, type: SinkSettingType, defaultText: string, meaning: string, required?: 'required']

function rows(sink: string | null, ...list: readonly Row[]): SinkSettingRow[] {
  const prefix = sink === null ? SINK_PREFIX : `${SINK_PREFIX}${sink.toUpperCase().replaceAll('-', '_')}_`
  return list.map(([name, type, defaultText, meaning, required]) => {
    const [bare = name, choices] = name.split(' ')
    const row = { sink, variable: `${prefix}${bare}`, type, defaultText, meaning }
    return {
      ...row,
      ...(choices === undefined ? {} : { choices: choices.split('|') }),
      ...(required === undefined ? {} : { required: true }),
    }
  })
}

export const SINK_SETTINGS_TABLE: readonly SinkSettingRow[] = [
  ...rows(
    null,
    [
      'CLOSED_TICKET link|reopen|new',
      'choice',
      'link',
      'A cause comes back whose ticket is closed: a new ticket that names it, the old one reopened, or a new one.',
    ],
    [
      'COMMENT_SECONDS',
      'time',
      '3600',
      'Least time between two comments on the ticket of one cause; repeats between are counted.',
    ],
    ['TIMEOUT_SECONDS', 'time', '30', 'How long one request may take.'],
    ['GIVE_UP_SECONDS', 'time', '604800', 'How long a delivery that fails is tried again.'],
    ['MAX_ATTACHMENT_MB', 'count', '64', 'A larger archive is not attached: the text says where it is.'],
    ['CA_FILE', 'path', '', 'Certificates (PEM) that are trusted besides those of Node.js.'],
  ),
  ...rows(
    'file',
    ['DIR', 'path', '', 'Folder that archives are copied to.', 'required'],
    ['URL', 'url', '', 'Where that folder can be reached, for the link.'],
  ),
  ...rows(
    's3',
    ['BUCKET', 'text', '', 'Bucket.', 'required'],
    ['ENDPOINT', 'url', 'of AWS', 'Any server that speaks S3.'],
    ['REGION', 'text', 'AWS_REGION, else us-east-1', 'Region that requests are signed for.'],
    ['PREFIX', 'text', '', 'Beginning of each object’s name.'],
    ['ACCESS_KEY_ID', 'text', 'AWS_ACCESS_KEY_ID', 'Without one: the chain of `@aws-sdk/credential-providers`.'],
    ['SECRET_ACCESS_KEY', 'secret', 'AWS_SECRET_ACCESS_KEY', 'Its secret.'],
    ['SESSION_TOKEN', 'secret', 'AWS_SESSION_TOKEN', 'Of temporary credentials.'],
    ['LINK_SECONDS', 'time', '604800', 'How long the link in a ticket works (7 days at most).'],
  ),
  ...rows(
    'azure',
    ['URL', 'url', '', 'Of the container: `https://ACCOUNT.blob.core.windows.net/CONTAINER`.', 'required'],
    ['SAS', 'secret', '', 'Shared access signature that may create and write.', 'required'],
    ['LINK_SAS', 'secret', '', 'One that may only read, for the link in tickets; without it the link needs a login.'],
  ),
  ...rows(
    'conductor',
    ['URL', 'url', 'CONDUCTOR_SERVER_URL', 'Of the server whose tasks they are.'],
    ['KEY_ID', 'text', 'CONDUCTOR_AUTH_KEY', 'Access key, where the server wants one.'],
    ['KEY_SECRET', 'secret', 'CONDUCTOR_AUTH_SECRET', 'Its secret.'],
    ['FAIL_TASKS', 'boolean', 'false', 'Fail stuck tasks once their worker is gone, so that they are tried again.'],
  ),
  ...rows(
    'webhook',
    ['URL', 'url', '', 'Gets a CloudEvent as JSON.', 'required'],
    ['SECRET', 'secret', '', 'Signs the body: `X-Conductor-Stall-Signature: t=TIME,v1=HMAC-SHA256`.'],
    ['ARCHIVE', 'boolean', 'false', 'Send the archive too, as a CloudEvent in binary mode.'],
  ),
  ...rows('exec', [
    'COMMAND',
    'path',
    '',
    'Program that gets JSON on stdin and answers in JSON on stdout.',
    'required',
  ]),
  ...rows('module', ['NAME', 'text', '', 'npm package or file that exports `openSink(context)`.', 'required']),
  ...rows(
    'mail',
    ['URL', 'url', '', '`smtp://user@host:587` or `smtps://...`; no password in it.', 'required'],
    ['PASSWORD', 'secret', '', 'Of that user.'],
    ['FROM', 'text', '', 'Sender.', 'required'],
    ['TO', 'list', '', 'Who gets it.', 'required'],
  ),
  ...rows(
    'jira',
    ['URL', 'url', '', '`https://SITE.atlassian.net`, or a Data Center’s address.', 'required'],
    ['USER', 'text', '', 'E-mail address (Cloud). Without it the token is a Data Center’s personal access token.'],
    ['TOKEN', 'secret', '', 'API token.', 'required'],
    ['PROJECT', 'text', '', 'Key of the project for new tickets.'],
    ['ISSUE_TYPE', 'text', 'Bug', 'Type of new tickets.'],
    ['API 2|3', 'choice', '3 on atlassian.net, else 2', 'Version of the REST API.'],
    ['REOPEN', 'text', 'the first that leads to an open status', 'Name of the transition that reopens.'],
  ),
  ...rows(
    'slack',
    ['TOKEN', 'secret', '', 'Bot token: `chat:write`, `files:write`, `channels:history`.', 'required'],
    ['CHANNEL', 'text', '', 'Id of the channel.'],
    ['URL', 'url', 'https://slack.com', 'Of the API.'],
  ),
  ...rows(
    'github',
    ['TOKEN', 'secret', '', 'Token that may write issues.', 'required'],
    ['REPOSITORY', 'text', '', '`owner/name` for new tickets.'],
    ['URL', 'url', 'https://api.github.com', 'Of the API, for GitHub Enterprise.'],
  ),
  ...rows(
    'gitlab',
    ['URL', 'url', 'https://gitlab.com', 'Of the server.'],
    ['TOKEN', 'secret', '', 'Token with the scope `api`.', 'required'],
    ['PROJECT', 'text', '', '`group/name` or its number, for new tickets.'],
  ),
  ...rows(
    'pagerduty',
    ['ROUTING_KEY', 'secret', '', 'Of an Events API v2 integration: pages somebody.', 'required'],
    ['URL', 'url', 'https://events.pagerduty.com', 'Of the events API.'],
  ),
  ...rows(
    'pagerduty-incident',
    ['TOKEN', 'secret', '', 'REST API token.', 'required'],
    ['FROM', 'text', '', 'E-mail address of the user that acts.', 'required'],
    ['SERVICE', 'text', '', 'Id of the service for new incidents.'],
    ['URL', 'url', 'https://api.pagerduty.com', 'Of the REST API.'],
  ),
  ...rows(
    'rt',
    ['URL', 'url', '', 'Of Request Tracker 5.', 'required'],
    ['TOKEN', 'secret', '', 'Authentication token; or user and password.'],
    ['USER', 'text', '', 'User.'],
    ['PASSWORD', 'secret', '', 'Password.'],
    ['QUEUE', 'text', 'General', 'Queue of new tickets.'],
  ),
  ...rows(
    'redmine',
    ['URL', 'url', '', 'Of Redmine.', 'required'],
    ['KEY', 'secret', '', 'API access key.', 'required'],
    ['PROJECT', 'text', '', 'Identifier of the project for new tickets.'],
    ['TRACKER', 'count', 'the project’s first', 'Id of the tracker of new tickets.'],
  ),
  ...rows(
    'alertmanager',
    ['URL', 'url', '', 'Of Alertmanager.', 'required'],
    ['USER', 'text', '', 'For basic authentication in front of it.'],
    ['PASSWORD', 'secret', '', 'Its password; without a user, a bearer token.'],
    ['MINUTES', 'count', '60', 'How long an alert stands.'],
  ),
  ...rows(
    'servicenow',
    ['URL', 'url', '', '`https://INSTANCE.service-now.com`.', 'required'],
    ['USER', 'text', '', 'User.', 'required'],
    ['PASSWORD', 'secret', '', 'Password.', 'required'],
    ['TABLE', 'text', 'incident', 'Table of the tickets.'],
  ),
  ...rows(
    'azuredevops',
    ['URL', 'url', '', '`https://dev.azure.com/ORGANISATION`.', 'required'],
    ['TOKEN', 'secret', '', 'Personal access token that may write work items.', 'required'],
    ['PROJECT', 'text', '', 'Project of new work items.', 'required'],
    ['TYPE', 'text', 'Bug', 'Type of new work items.'],
  ),
  ...rows('sentry', ['DSN', 'secret', '', 'DSN of the project.', 'required']),
]

/** A secret has a second one, which names a file. */
export function variablesOf(row: { readonly variable: string; readonly type: string }): readonly string[] {
  return row.type === 'secret' ? [row.variable, `${row.variable}_FILE`] : [row.variable]
}
