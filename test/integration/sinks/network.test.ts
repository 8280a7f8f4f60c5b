/** What lies between a worker and its tickets in a company: proxies, a private authority, servers that never end. */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { createServer as createHttp } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startSmtp } from '../../fixtures/ticket-servers/real-servers.mjs'
import { temporaryFolder } from '../../support/incidents.js'
import { PROJECT_ROOT } from '../../support/nodes.js'
import { diag, type Ended, stallBundle } from '../../support/sinks/outbox-run.js'
import { ProxyServer } from '../../support/sinks/proxy-server.js'

const TLS = path.join(PROJECT_ROOT, 'test/fixtures/sink-tls')
const CA = { CONDUCTOR_STALL_SINK_CA_FILE: path.join(TLS, 'ca.pem') }

let folder: ReturnType<typeof temporaryFolder>
let bundles: string
const closing: (() => Promise<void>)[] = []
beforeEach(() => {
  folder = temporaryFolder('network')
  bundles = path.join(folder.path, 'bundles')
  mkdirSync(bundles)
})
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
  folder.remove()
})

interface Hook {
  readonly port: number
  /** Bodies that arrived. */
  readonly bodies: string[]
}

async function listen(server: Server | ReturnType<typeof createHttp>, bodies: string[]): Promise<Hook> {
  server.on('request', (request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.on('end', () => {
      bodies.push(body)
      response.end('{}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return { port: (server.address() as AddressInfo).port, bodies }
}

/** A certificate of a private authority, for `localhost` and no other name. */
const startTlsHook = async (): Promise<Hook> =>
  await listen(
    createServer({
      key: readFileSync(path.join(TLS, 'server-key.pem')),
      cert: readFileSync(path.join(TLS, 'server.pem')),
    }),
    [],
  )

async function startProxy(credentials: string | null = null): Promise<ProxyServer> {
  const proxy = await ProxyServer.start(credentials)
  closing.push(async () => await proxy.close())
  return proxy
}

async function tell(url: string, more: Readonly<Record<string, string>>): Promise<Ended> {
  const settings = {
    CONDUCTOR_STALL_DIR: bundles,
    CONDUCTOR_STALL_SINK_WEBHOOK_URL: url,
    // Each is told, of one cause or not.
    CONDUCTOR_STALL_SINK_COMMENT_SECONDS: '0',
    ...more,
  }
  return await diag(['attach', stallBundle(bundles), '--to', 'webhook'], settings)
}

test('a private authority is trusted when it is named, for the names that it vouches for', async () => {
  const hook = await startTlsHook()
  const url = `https://localhost:${hook.port}/hook`
  const unknown = await tell(url, {})
  expect(unknown.code).toBe(69)
  expect(unknown.stderr).toMatch(/UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN/)
  expect(unknown.stderr).toContain('CONDUCTOR_STALL_SINK_CA_FILE')
  const otherName = await tell(`https://127.0.0.1:${hook.port}/hook`, CA)
  expect(otherName).toMatchObject({
    code: 69,
    stderr: expect.stringContaining('ERR_TLS_CERT_ALTNAME_INVALID') as string,
  })
  expect(hook.bodies).toEqual([])
  expect(await tell(url, CA)).toMatchObject({ code: 0 })
  // What Node.js itself knows that variable for.
  expect(await tell(url, { NODE_EXTRA_CA_CERTS: path.join(TLS, 'ca.pem') })).toMatchObject({ code: 0 })
  expect(hook.bodies).toHaveLength(2)
})

test('HTTPS_PROXY is gone through, with its credentials, and NO_PROXY past it', async () => {
  const hook = await startTlsHook()
  const proxy = await startProxy('worker:proxy-password')
  const url = `https://localhost:${hook.port}/hook`
  const through = `http://worker:proxy-password@127.0.0.1:${proxy.port}`
  expect(await tell(url, { ...CA, HTTPS_PROXY: through })).toMatchObject({ code: 0 })
  expect(proxy.asked).toEqual([`CONNECT localhost:${hook.port}`])
  expect(await tell(url, { ...CA, HTTPS_PROXY: through, NO_PROXY: 'example.org,localhost' })).toMatchObject({ code: 0 })
  expect(proxy.asked).toHaveLength(1)
  expect(hook.bodies).toHaveLength(2)
  // The proxy says no: kept, and its password is told to nobody.
  const wrong = `http://worker:wrong-password@127.0.0.1:${proxy.port}`
  const refused = await tell(url, { ...CA, HTTPS_PROXY: wrong })
  expect(refused).toMatchObject({ code: 69, stderr: expect.stringContaining('407') as string })
  const states = path.join(bundles, 'outbox/states')
  const kept = readdirSync(states).map((name) => readFileSync(path.join(states, name), 'utf8'))
  for (const text of [refused.stderr, ...kept]) expect(text).not.toMatch(/(?:wrong|proxy)-password/)
  expect(hook.bodies).toHaveLength(2)
})

test('HTTP_PROXY is gone through for plain HTTP; one that is down leaves the bundle waiting', async () => {
  const hook = await listen(createHttp(), [])
  const proxy = await startProxy()
  const url = `http://127.0.0.1:${hook.port}/hook`
  const through = { HTTP_PROXY: proxy.url }
  expect(await tell(url, through)).toMatchObject({ code: 0 })
  expect(proxy.asked).toHaveLength(1)
  expect(proxy.asked[0]).toMatch(new RegExp(`^(?:CONNECT |POST http://)127\\.0\\.0\\.1:${hook.port}`))
  await proxy.close()
  closing.pop()
  expect(await tell(url, through)).toMatchObject({ code: 69 })
  expect(hook.bodies).toHaveLength(1)
})

test('an answer without an end is cut off, and one that drips is given up', async () => {
  let sentBytes = 0
  const chunk = Buffer.alloc(65_536, 32)
  const flood = createHttp((request, response) => {
    request.resume()
    const pour = (): void => {
      while (!response.destroyed && sentBytes < 2 ** 30) {
        sentBytes += chunk.length
        if (!response.write(chunk)) {
          response.once('drain', pour)
          return
        }
      }
    }
    pour()
  })
  await new Promise<void>((resolve) => flood.listen(0, '127.0.0.1', resolve))
  closing.push(async () => {
    flood.closeAllConnections()
    await new Promise((resolve) => flood.close(resolve))
  })
  const flooded = await tell(`http://127.0.0.1:${(flood.address() as AddressInfo).port}/`, {})
  expect(flooded).toMatchObject({ code: 77, stderr: expect.stringContaining('answered more than') as string })
  // 8 MB, and what lies in buffers on the way.
  expect(sentBytes).toBeLessThan(64 * 2 ** 20)

  const drips: NodeJS.Timeout[] = []
  const drip = createHttp((request, response) => {
    request.resume()
    drips.push(setInterval(() => response.write(' '), 50))
  })
  await new Promise<void>((resolve) => drip.listen(0, '127.0.0.1', resolve))
  closing.push(async () => {
    for (const each of drips) clearInterval(each)
    drip.closeAllConnections()
    await new Promise((resolve) => drip.close(resolve))
  })
  const slow = await tell(`http://127.0.0.1:${(drip.address() as AddressInfo).port}/`, {
    CONDUCTOR_STALL_SINK_TIMEOUT_SECONDS: '1',
  })
  expect(slow).toMatchObject({ code: 69, stderr: expect.stringMatching(/no answer within \d+ ms/) as string })
})

test.each(['STARTTLS', 'smtps'] as const)('mail by %s: the certificate of the server is verified', async (kind) => {
  const place = path.join(folder.path, 'smtp')
  mkdirSync(place)
  const files = { cert: path.join(TLS, 'server.pem'), key: path.join(TLS, 'server-key.pem') }
  const smtp = await startSmtp(place, { kind, ...files })
  // Skipped by name in real-servers.test.ts.
  if (smtp === null) return
  closing.push(async () => await smtp.stop())
  const port = new URL(smtp.url).port
  const settings = {
    ...smtp.env,
    CONDUCTOR_STALL_DIR: bundles,
    CONDUCTOR_STALL_SINK_MAIL_URL: `${kind === 'smtps' ? 'smtps' : 'smtp'}://bot@localhost:${port}`,
  }
  const secret = { CONDUCTOR_STALL_SINK_MAIL_PASSWORD: 'mail-password' }
  const untrusted = await diag(['attach', stallBundle(bundles), '--to', 'mail'], { ...settings, ...secret })
  expect(untrusted.code).toBe(69)
  expect(untrusted.stderr).toMatch(/certificate/)
  const box = path.join(place, 'mail/new')
  const mails = (): string[] => (existsSync(box) ? readdirSync(box) : [])
  expect(mails()).toEqual([])
  const plain = { ...settings, ...CA }
  const sent = await diag(['attach', stallBundle(bundles), '--to', 'mail'], plain)
  expect(sent, sent.stderr).toMatchObject({ code: 0 })
  expect(mails()).toHaveLength(1)
})

test('a mail server without TLS never gets a password', async () => {
  const place = path.join(folder.path, 'smtp')
  mkdirSync(place)
  const smtp = await startSmtp(place)
  if (smtp === null) return
  closing.push(async () => await smtp.stop())
  const settings = {
    ...smtp.env,
    CONDUCTOR_STALL_DIR: bundles,
    CONDUCTOR_STALL_SINK_MAIL_URL: smtp.url.replace('//', '//bot@'),
    CONDUCTOR_STALL_SINK_MAIL_PASSWORD: 'mail-password',
  }
  const run = await diag(['attach', stallBundle(bundles), '--to', 'mail'], settings)
  expect(run).toMatchObject({ code: 69, stderr: expect.stringContaining('STARTTLS') as string })
})
