/**
 * S3 and what speaks it: PutObject with `If-None-Match: *`, so that a second attempt finds the first (412), and a link that
 * is signed for a while. aws4fetch signs (SigV4); without keys of ours, the credential chain of AWS's own package, where
 * it is installed.
 */
import { createRequire } from 'node:module'
import path from 'node:path'
import { AwsClient } from 'aws4fetch'
import { pageOf, type ParcelFile } from '../contract/parcel-file.js'
import type { Check, SinkContext, Store } from '../contract/sink.js'
import { fileLine } from '../http/http-client.js'
import { refused, SinkError } from '../contract/sink-error.js'

/** S3's limit for signed links. */
const LONGEST_LINK_S = 604_800

export function open(context: SinkContext): Store {
  const { values, env } = context
  const bucket = values.needed('bucket')
  const region = values.text('region') ?? env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'] ?? 'us-east-1'
  const endpoint = values.text('endpoint')
  // Path style for servers of one's own; AWS has buckets as hosts.
  const base =
    endpoint === null ? `https://${bucket}.s3.${region}.amazonaws.com` : `${endpoint}/${encodeURIComponent(bucket)}`
  const client = context.http(base)
  const linkSeconds = Math.min(LONGEST_LINK_S, Math.round(values.number('link_seconds', LONGEST_LINK_S * 1000) / 1000))

  async function signer(): Promise<AwsClient> {
    return new AwsClient({ ...(await credentials(context)), service: 's3', region })
  }

  function urlOf(incident: string, name: string): string {
    const key = [values.text('prefix') ?? '', incident, name].join('/').replaceAll(/\/+/g, '/').replace(/^\//, '')
    return `${base}/${key.split('/').map(encodeURIComponent).join('/')}`
  }

  async function signed(method: string, url: string, headers: Record<string, string>, body: Buffer | null) {
    const init = { method, headers, ...(body === null ? {} : { body: new Uint8Array(body) }) }
    const request = await (await signer()).sign(url, init)
    return Object.fromEntries(request.headers)
  }

  async function put(incident: string, file: ParcelFile): Promise<void> {
    const { name, bytes, contentType } = file
    const url = urlOf(incident, name)
    const answer = await client.send('PUT', url, {
      headers: await signed('PUT', url, onlyNew(file), bytes),
      bytes: { data: bytes, contentType },
      answers: 'text',
      // 412, there already: by an attempt of before whose answer was lost. (Objects are named after their incident.)
      accept: [409, 412],
    })
    // 409: somebody else is putting it at this moment.
    if (answer.status === 409) throw new SinkError('unreachable', 'another upload of the same object is under way')
  }

  async function link(incident: string, name: string): Promise<string> {
    const url = new URL(urlOf(incident, name))
    url.searchParams.set('X-Amz-Expires', String(linkSeconds))
    return (await (await signer()).sign(url, { method: 'GET', aws: { signQuery: true } })).url
  }

  return {
    kind: 'store',
    put: async (parcel) => {
      const { name } = parcel.archive
      const page = pageOf(parcel)
      const files = [...parcel.reports, parcel.archive]
      const ref = `s3://${bucket}${new URL(urlOf(parcel.incident, name)).pathname.replace(endpoint === null ? '' : `/${bucket}`, '')}`
      if (context.rehearse !== null) {
        for (const file of files) {
          context.rehearse({
            what: `PUT ${urlOf(parcel.incident, file.name)}`,
            headers: onlyNew(file),
            body: fileLine(file),
          })
        }
        const pageUrl = page === null ? null : urlOf(parcel.incident, page.name)
        return { ref, url: urlOf(parcel.incident, name), pageUrl }
      }
      for (const file of files) await put(parcel.incident, file)
      const pageUrl = page === null ? null : await link(parcel.incident, page.name)
      return { ref, url: await link(parcel.incident, name), pageUrl }
    },
    check: async () => [await check()],
  }

  /** Writes a small object of one name: what is asked is whether one may write. */
  async function check(): Promise<Check> {
    const url = urlOf('check', 'conductor-diag-doctor')
    const headers = await signed('PUT', url, { 'content-type': 'text/plain' }, Buffer.from('ok'))
    await client.send('PUT', url, {
      headers,
      bytes: { data: Buffer.from('ok'), contentType: 'text/plain' },
      answers: 'text',
    })
    return { ok: true, text: `bucket ${bucket} takes objects` }
  }
}

/** Nothing is put in the place of an object. */
function onlyNew({ contentType }: ParcelFile): Record<string, string> {
  return { 'content-type': contentType, 'if-none-match': '*' }
}

interface Keys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

async function credentials({ values, env, from }: SinkContext): Promise<Keys> {
  const id = values.text('access_key_id') ?? env['AWS_ACCESS_KEY_ID'] ?? null
  const secret = values.text('secret_access_key') ?? env['AWS_SECRET_ACCESS_KEY'] ?? null
  const token = values.text('session_token') ?? env['AWS_SESSION_TOKEN'] ?? null
  if (id !== null && secret !== null) {
    return { accessKeyId: id, secretAccessKey: secret, ...(token === null ? {} : { sessionToken: token }) }
  }
  return await fromChain(from)
}

interface Chain {
  fromNodeProviderChain(): () => Promise<Keys>
}

/** An optional peer: half of all tools that use S3 have it, and 20 packages would be much for those that have keys. */
async function fromChain(folder: string): Promise<Keys> {
  let chain: Chain
  try {
    const require = createRequire(path.join(folder, 'x.js'))
    chain = require('@aws-sdk/credential-providers') as Chain
  } catch {
    throw refused(
      'there are no S3 credentials',
      'Set CONDUCTOR_STALL_SINK_S3_ACCESS_KEY_ID and its secret, or: npm install @aws-sdk/credential-providers',
    )
  }
  const { accessKeyId, secretAccessKey, sessionToken } = await chain.fromNodeProviderChain()()
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) }
}
