/** The destination `conductor` reaches its server as the SDK does: through its proxy, and with its client certificate. */
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { expect, test } from 'vitest'
import { openSinkHouse } from '../../../src/sinks/registry/registry.js'
import { makeCertificate } from '../../fixtures/conductor-server/certificate.mjs'
import { temporaryFolder } from '../../support/incidents.js'
import { PROJECT_ROOT } from '../../support/nodes.js'
import { ProxyServer } from '../../support/sinks/proxy-server.js'

const TLS = path.join(PROJECT_ROOT, 'test/fixtures/sink-tls')

test('checks the server through CONDUCTOR_PROXY_URL, and shows the certificate that the server wants', async ({
  onTestFinished,
}) => {
  const folder = temporaryFolder('conductor-network')
  onTestFinished(() => folder.remove())
  const own = makeCertificate()
  const certFile = path.join(folder.path, 'client.pem')
  const keyFile = path.join(folder.path, 'client-key.pem')
  writeFileSync(certFile, own.cert)
  writeFileSync(keyFile, own.key)
  const files = { key: 'server-key.pem', cert: 'server.pem' }
  const server = createServer({
    key: readFileSync(path.join(TLS, files.key)),
    cert: readFileSync(path.join(TLS, files.cert)),
    // Nobody without the certificate that it knows gets an answer.
    requestCert: true,
    rejectUnauthorized: true,
    ca: own.cert,
  })
  const paths: (string | undefined)[] = []
  server.on('request', (request, response) => {
    paths.push(request.url)
    response.setHeader('content-type', 'application/json')
    response.end('[]')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const proxy = await ProxyServer.start()
  onTestFinished(() => proxy.close())
  const { port } = server.address() as AddressInfo
  const env = {
    CONDUCTOR_SERVER_URL: `https://localhost:${port}/api`,
    CONDUCTOR_TLS_CA_PATH: path.join(TLS, 'ca.pem'),
    CONDUCTOR_PROXY_URL: proxy.url,
  }
  const check = async (more: Readonly<Record<string, string>>): Promise<boolean> => {
    const sink = await openSinkHouse({ env: { ...env, ...more } }).open({
      sink: 'conductor',
      key: null,
      name: 'conductor',
    })
    return (await sink.check()).every(({ ok }) => ok)
  }
  await expect(check({})).rejects.toThrow()
  expect(await check({ CONDUCTOR_TLS_CERT_PATH: certFile, CONDUCTOR_TLS_KEY_PATH: keyFile })).toBe(true)
  expect(paths).toHaveLength(1)
  expect(paths[0]).toMatch(/^\/api\/tasks\/queue\/polldata/)
  expect(proxy.asked).toContain(`CONNECT localhost:${port}`)
}, 60_000)
