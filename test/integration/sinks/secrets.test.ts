/**
 * No secret of a worker leaves the machine, whatever carries it: every byte that each destination gets is searched, packed
 * or not, in the forms that a secret can take on its way. A control shows that the search finds what is there.
 */
import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startSmtp } from '../../fixtures/ticket-servers/real-servers.mjs'
import { startConductorServer } from '../../support/conductor-server.js'
import { temporaryFolder } from '../../support/incidents.js'
import { NODES, PROGRAMS, PROJECT_ROOT } from '../../support/nodes.js'
import { CANARY, holds, PLANTED } from '../../support/planted-secrets.js'
import { SDK_FOLDER } from '../../support/sdk-worker.js'
import { ContractServer, type Handler } from '../../support/sinks/contract-server.js'
import { diag, stallBundle } from '../../support/sinks/outbox-run.js'
import { conductor, CONDUCTOR_ENV } from '../../support/sinks/vendors/conductor.js'
import { startVendor, VENDOR_NAMES } from '../../support/sinks/vendors/index.js'

const [oldest] = NODES
if (!oldest) throw new Error('no Node binaries')

let folder: ReturnType<typeof temporaryFolder>
let bundles: string
const closing: (() => Promise<void>)[] = []
beforeEach(() => {
  folder = temporaryFolder('sink-secrets')
  bundles = path.join(folder.path, 'bundles')
  mkdirSync(bundles)
})
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
  folder.remove()
})

interface Probe {
  readonly names: readonly string[]
  readonly settings: Readonly<Record<string, string>>
  /** Every byte that a destination got so far. */
  bytesOf(name: string): Buffer[]
}

/** Each destination there is, with something behind it that keeps what it gets. */
async function openAll(): Promise<Probe> {
  const settings: Record<string, string> = { CONDUCTOR_STALL_DIR: bundles, CONDUCTOR_STALL_SINK_COMMENT_SECONDS: '0' }
  const servers = new Map<string, ContractServer>()
  const take = (name: string, server: ContractServer): string => {
    closing.push(async () => await server.close())
    servers.set(name, server)
    return server.url
  }
  const serve = async (name: string, handler: Handler): Promise<string> =>
    take(name, await ContractServer.start(handler))
  for (const name of VENDOR_NAMES) {
    const running = await startVendor(name)
    take(name, running.server)
    Object.assign(settings, running.settings)
  }
  const yes = () => ({ status: 200, body: {} })
  Object.assign(settings, {
    CONDUCTOR_STALL_SINK_S3_ENDPOINT: await serve('s3', yes),
    CONDUCTOR_STALL_SINK_S3_BUCKET: 'stalls',
    CONDUCTOR_STALL_SINK_S3_ACCESS_KEY_ID: 'id',
    CONDUCTOR_STALL_SINK_S3_SECRET_ACCESS_KEY: 'an-ordinary-secret',
    CONDUCTOR_STALL_SINK_AZURE_URL: `${await serve('azure', yes)}/stalls`,
    CONDUCTOR_STALL_SINK_AZURE_SAS: 'sig=an-ordinary-signature',
    CONDUCTOR_STALL_SINK_ALERTMANAGER_URL: await serve('alertmanager', yes),
    CONDUCTOR_STALL_SINK_WEBHOOK_URL: await serve('webhook', yes),
    CONDUCTOR_STALL_SINK_WEBHOOK_ARCHIVE: 'true',
    CONDUCTOR_STALL_SINK_CONDUCTOR_URL: await serve('conductor', conductor('IN_PROGRESS')),
    CONDUCTOR_STALL_SINK_CONDUCTOR_FAIL_TASKS: 'true',
    ...CONDUCTOR_ENV,
  })
  const folders: Record<string, string> = { file: path.join(folder.path, 'file'), exec: path.join(folder.path, 'exec') }
  for (const each of Object.values(folders)) mkdirSync(each)
  const program = path.join(folder.path, 'sink.js')
  writeFileSync(
    program,
    `#!${process.execPath}
const { copyFileSync, readFileSync, writeFileSync } = require('node:fs')
const request = readFileSync(0)
writeFileSync('${folders['exec']}/request-' + process.pid, request)
for (const { path, name } of JSON.parse(request).files) copyFileSync(path, '${folders['exec']}/' + name)
`,
  )
  chmodSync(program, 0o755)
  settings['CONDUCTOR_STALL_SINK_FILE_DIR'] = folders['file'] ?? ''
  settings['CONDUCTOR_STALL_SINK_EXEC_COMMAND'] = program
  const place = path.join(folder.path, 'smtp')
  mkdirSync(place)
  const smtp = await startSmtp(place)
  if (smtp !== null) {
    closing.push(async () => await smtp.stop())
    Object.assign(settings, smtp.env)
    folders['mail'] = path.join(place, 'mail/new')
  }
  return {
    names: [...servers.keys(), ...Object.keys(folders)],
    settings,
    bytesOf: (name) => {
      const directory = folders[name]
      if (directory !== undefined) return readdirSync(directory).map((file) => readFileSync(path.join(directory, file)))
      return (servers.get(name)?.received ?? []).map(({ method, url, headers, body }) =>
        Buffer.concat([Buffer.from(`${method} ${url}\n${JSON.stringify(headers)}\n`), body]),
      )
    },
  }
}

/** Destinations that got the text, in whatever form. */
function leaksOf(probe: Probe, text: string): string[] {
  return probe.names.filter((name) => probe.bytesOf(name).some((bytes) => holds(bytes, text)))
}

const sealed = (): string[] =>
  existsSync(bundles) ? readdirSync(bundles).filter((name) => /^[0-9A-Z]{26}$/.test(name)) : []

/** A worker with secrets all around it. @returns its incident */
async function incidentOf(args: readonly string[], more: Readonly<Record<string, string>>): Promise<string> {
  const worker = spawn(oldest!.path, ['--require', PROJECT_ROOT, ...args, '--token', `${CANARY}-argument`], {
    stdio: 'ignore',
    env: {
      PATH: process.env['PATH'],
      ...PLANTED,
      PLAIN_SETTING: 'kept-as-it-is',
      CONDUCTOR_STALL_DIR: bundles,
      CONDUCTOR_STALL_LOCALS: '1',
      CONDUCTOR_STALL_WARN_SECONDS: '1',
      CONDUCTOR_STALL_PROFILE_SECONDS: '0',
      ...more,
    },
  })
  try {
    await expect.poll(sealed, { timeout: 60_000, interval: 200 }).not.toEqual([])
    // The watchdog ends it, and leaves its note about the last incident.
    if (more['CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS'] !== '0') {
      await expect.poll(() => worker.exitCode, { timeout: 60_000, interval: 200 }).toBe(70)
    }
  } finally {
    worker.kill('SIGKILL')
  }
  return sealed().sort().at(-1) ?? ''
}

async function attach(probe: Probe, id: string, names: readonly string[]): Promise<void> {
  const to = names.flatMap((name) => ['--to', name])
  const sent = await diag(['attach', id, ...to], probe.settings)
  expect(sent, sent.stderr).toMatchObject({ code: 0 })
  expect(names.filter((name) => probe.bytesOf(name).length === 0)).toEqual([])
}

/** Twenty destinations, on a machine that has other things to do. */
const LIMIT_MS = 300_000

test(
  'no destination gets a secret of a worker that is full of them',
  async () => {
    const probe = await openAll()
    // Of Conductor's tasks there is none here.
    const names = probe.names.filter((name) => name !== 'conductor')
    const worker = path.join(PROGRAMS, 'secrets/worker.cjs')
    await attach(probe, await incidentOf([worker], { CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: '0' }), names)
    expect(leaksOf(probe, CANARY)).toEqual([])
    // The search reads archives: what is no secret is found wherever an archive went.
    const withFiles = names.filter(
      (name) => !['github', 'pagerduty-incident', 'pagerduty', 'alertmanager'].includes(name),
    )
    expect(leaksOf(probe, 'kept-as-it-is')).toEqual(withFiles)

    // The control: a function of that name is told to all but Alertmanager, which gets the sentence alone.
    await attach(probe, stallBundle(bundles, `${CANARY}OfThePool`), names)
    expect(leaksOf(probe, CANARY)).toEqual(names.filter((name) => name !== 'alertmanager'))
    expect(leaksOf(probe, 'invoices')).toEqual(names)
  },
  LIMIT_MS,
)

test(
  'nor of a task of Conductor’s: in its log, in its failure, or in any ticket',
  async () => {
    const probe = await openAll()
    const server = await startConductorServer()
    closing.push(async () => await server.stop())
    const [task] = await server.enqueue('charge', {
      responseTimeoutSeconds: 1,
      inputData: { password: `${CANARY}-password`, api_key: `${CANARY}-key`, note: `token=${CANARY}` },
    })
    const worker = path.join(PROGRAMS, 'secrets/conductor-worker.cjs')
    const id = await incidentOf([worker], {
      SDK_FOLDER,
      CONDUCTOR_SERVER_URL: server.url,
      CONDUCTOR_STALL_POLL_SUCCESS_WARN_SECONDS: '1',
      CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: '4',
    })
    await attach(probe, id, probe.names)
    expect(leaksOf(probe, CANARY)).toEqual([])
    // The log of the task and its failure are among what was searched.
    const told = Buffer.concat(probe.bytesOf('conductor')).toString()
    expect(told).toContain(`/api/tasks/${task?.taskId}/log`)
    expect(told).toContain('"status":"FAILED"')
    expect(told).toMatch(/charge/)
    // So are the lines around the wait, which have literals in them.
    for (const name of ['rt', 'redmine', 'jira', 'github', 'webhook']) {
      expect(leaksOf(probe, 'const fallback')).toContain(name)
    }

    // The control: a function of that name is told to all but Alertmanager, which gets the sentence alone.
    const work = [{ task: { taskId: 't-1', taskType: 'charge', workflowId: 'w-1', retryCount: 0, pollCount: 1 } }]
    await attach(probe, stallBundle(bundles, `${CANARY}OfThePool`, { work }), probe.names)
    expect(leaksOf(probe, CANARY)).toEqual(probe.names.filter((name) => name !== 'alertmanager'))
    expect(leaksOf(probe, 'invoices')).toEqual(probe.names.filter((name) => name !== 'conductor'))
  },
  LIMIT_MS,
)
