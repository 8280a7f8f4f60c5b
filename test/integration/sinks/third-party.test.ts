/** Destinations of somebody else's, as docs/sinks.md shows them: its examples run as they stand. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { temporaryFolder } from '../../support/incidents.js'
import { PROJECT_ROOT } from '../../support/nodes.js'
import { diag, stallBundle } from '../../support/sinks/outbox-run.js'
import { TicketsServer } from '../../support/sinks/tickets-server.js'

let folder: ReturnType<typeof temporaryFolder>
let bundles: string
let system: TicketsServer
beforeEach(async () => {
  folder = temporaryFolder('third-party')
  bundles = path.join(folder.path, 'bundles')
  mkdirSync(bundles)
  system = await TicketsServer.start()
})
afterEach(async () => {
  await system.server.close()
  folder.remove()
})

/** The block of code that has this line. */
function example(line: string): string {
  const page = readFileSync(path.join(PROJECT_ROOT, 'docs/sinks.md'), 'utf8')
  const blocks = [...page.matchAll(/^```\w+\n([^]*?)^```$/gm)].map((match) => match[1] ?? '')
  const found = blocks.find((block) => block.includes(line))
  if (found === undefined) throw new Error(`docs/sinks.md has no example with ${line}`)
  return found
}

const settings = (more: Readonly<Record<string, string>>): Record<string, string> => ({
  CONDUCTOR_STALL_DIR: bundles,
  CONDUCTOR_STALL_SINK_COMMENT_SECONDS: '0',
  ACME_URL: system.server.url,
  ACME_TOKEN: 'a-token',
  ...more,
})

test('the npm module of the documents: ticket, files, a comment for a repeat, the closed one reopened, doctor', async () => {
  const file = path.join(folder.path, 'index.js')
  writeFileSync(file, example('// acme-sink/index.js'))
  const env = settings({ CONDUCTOR_STALL_SINK_MODULE_NAME: file })
  expect((await diag(['doctor'], env)).stdout).toMatch(/^ok    sink module +tickets can be read/m)
  const first = stallBundle(bundles)
  const made = await diag(['attach', first, '--to', 'module'], env)
  expect(made, made.stderr).toMatchObject({ code: 0, stdout: `${system.server.url}/tickets/1\n` })
  expect(system.server.received.every(({ headers }) => headers.authorization === 'Bearer a-token')).toBe(true)
  expect(system.tickets[0]?.files.map(({ name }) => name)).toEqual(
    ['tar.gz', 'report.md', 'report.html'].map((ending) => `${first}.${ending}`),
  )
  expect(system.tickets[0]?.text).toContain('### Next step')
  system.tickets[0]!.open = false
  const reopen = { ...env, CONDUCTOR_STALL_SINK_CLOSED_TICKET: 'reopen' }
  expect(await diag(['attach', stallBundle(bundles), '--to', 'module'], reopen)).toMatchObject({ code: 0 })
  expect(system.tickets).toMatchObject([{ open: true, comments: [expect.stringContaining('Seen 2 times')] }])
})

test('the program of the documents: ticket and archive, later when the server is away, doctor', async (context) => {
  try {
    execFileSync('sh', ['-c', 'command -v curl && command -v jq'], { stdio: 'ignore' })
  } catch {
    context.skip('needs curl and jq')
  }
  const program = path.join(folder.path, 'tell-acme')
  writeFileSync(program, example('# tell-acme:'), { mode: 0o755 })
  const env = settings({ CONDUCTOR_STALL_SINK_EXEC_COMMAND: program })
  expect((await diag(['doctor'], env)).stdout).toMatch(/^ok    sink exec +tickets can be read/m)
  const id = stallBundle(bundles)
  const away = await diag(['attach', id, '--to', 'exec'], { ...env, ACME_URL: 'http://127.0.0.1:9' })
  expect(away).toMatchObject({ code: 69 })
  const done = await diag(['attach', id, '--to', 'exec'], env)
  expect(done, done.stderr).toMatchObject({ code: 0, stdout: `${system.server.url}/tickets/1\n` })
  expect(system.tickets).toMatchObject([{ files: [{ name: `${id}.tar.gz` }] }])
})
