/** The probes of a running worker: they answer while its main thread does not, and there are none that nobody asked for. */
import http from 'node:http'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { freePort } from '../support/free-port.js'
import { NODES } from '../support/nodes.js'
import { portOf, SERVER, startPlain, wedgeBy } from '../support/plain-worker.js'
import { checkMetrics, findPromtool } from '../support/promtool.js'
import { RunningWorker } from '../support/run-worker.js'

const TOKEN = 'a-token-of-this-test'
const oldest = NODES[0]
const newest = NODES.at(-1)
if (!oldest || !newest) throw new Error('no Node binaries')

interface Answer {
  readonly status: number
  readonly body: string
}

function ask(port: number, path: string, token: string | null = null): Promise<Answer> {
  const headers = token === null ? {} : { authorization: `Bearer ${token}` }
  return new Promise((resolve, reject) => {
    const request = http.get({ host: '127.0.0.1', port, path, headers, agent: false, timeout: 20_000 }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text: string) => (body += text))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
    })
    request.on('timeout', () => request.destroy(new Error('no answer in 20 s')))
    request.on('error', reject)
  })
}

/** Again and again until it ends. */
async function follow(worker: RunningWorker, port: number, path: string): Promise<Answer[]> {
  const answers: Answer[] = []
  while (worker.child.exitCode === null && worker.child.signalCode === null) {
    const answer = await ask(port, path).catch(() => null)
    if (answer !== null) answers.push(answer)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return answers
}

async function answering(port: number): Promise<void> {
  const deadline = performance.now() + 60_000
  for (;;) {
    const answer = await ask(port, '/livez').catch(() => null)
    if (answer !== null) return
    if (performance.now() > deadline) throw new Error('no probes in 60 s')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** `/incidents` as soon as it tells of one, or what it says after 60 s. */
async function told(port: number): Promise<string> {
  const deadline = performance.now() + 60_000
  for (;;) {
    const { body } = await ask(port, '/incidents', TOKEN)
    if (!body.includes('"incidents":[]') || performance.now() > deadline) return body
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

function probing(port: number): Record<string, string> {
  return {
    CONDUCTOR_STALL_PROBES_PORT: String(port),
    CONDUCTOR_STALL_PROBES_TOKEN: TOKEN,
    CONDUCTOR_STALL_SERVICE: 'shop "north"',
  }
}

describe.concurrent.each([oldest, newest])('on Node $major', (node) => {
  it('a blocked main thread is alive and not ready, and its incident is told', async () => {
    const port = await freePort()
    const env = { ...probing(port), CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: '600' }
    const worker = new RunningWorker({ node, program: SERVER, args: ['http', 'loop'], env })
    const own = await portOf(worker)
    await answering(port)
    wedgeBy(own)
    const livez = follow(worker, port, '/livez')
    await worker.says('"event":"incident"', 90_000)
    // The line is the watch thread's: the probes' thread hears of the incident a message later.
    expect(JSON.parse(await told(port))).toMatchObject({
      incidents: [{ verdict: 'computing/loop', clock: 'event-loop', level: 'warn', problem: null }],
    })
    const { body } = await ask(port, '/metrics', TOKEN)
    expect(body).toContain('conductor_stall_total{level="warn",cause="computing/loop"} 1\n')
    expect(body).toContain(String.raw`service="shop \"north\""`)
    expect(await ask(port, '/readyz')).toEqual({ status: 503, body: 'failing\n' })
    worker.child.kill('SIGKILL')
    await worker.result
    const answers = await livez
    expect(answers.length).toBeGreaterThan(1)
    expect(answers.filter(({ status, body: said }) => status !== 200 || said !== 'ok\n')).toEqual([])
  })
})

it('no prober acts before the watchdog does', async () => {
  const port = await freePort()
  const worker = new RunningWorker({ node: newest, program: SERVER, args: ['http', 'exec'], env: probing(port) })
  const own = await portOf(worker)
  await answering(port)
  wedgeBy(own)
  const answers = await follow(worker, port, '/livez')
  expect(await worker.result).toMatchObject({ code: 70, partial: [] })
  expect(answers.filter(({ status }) => status !== 200)).toEqual([])
})

describe.concurrent('the door', () => {
  it('answers a prober every second, through a block of a minute', async () => {
    const port = await freePort()
    const env = { ...probing(port), CONDUCTOR_STALL_EVENT_LOOP_TIMEOUT_SECONDS: '0' }
    const worker = new RunningWorker({ node: newest, program: SERVER, args: ['http', 'exec'], env })
    wedgeBy(await portOf(worker))
    await answering(port)
    const answers: string[] = []
    for (const end = performance.now() + 60_000; performance.now() < end;) {
      answers.push(await ask(port, '/livez').then(({ status }) => String(status), String))
      await new Promise((resolve) => setTimeout(resolve, 1000))
    }
    expect(answers.filter((answer) => answer !== '200')).toEqual([])
    // It was blocked all the time: not one request of its own was answered.
    expect((await ask(port, '/readyz')).status).toBe(503)
    worker.child.kill('SIGKILL')
    await worker.result
  }, 150_000)

  it('says one word to anybody, and more than that only to who has the token', async () => {
    const port = await freePort()
    const worker = await startPlain(newest, 'http', null, { env: probing(port) })
    await worker.says('"event":"probes"')
    const statuses = async (token: string | null): Promise<number[]> => {
      const answers: number[] = []
      for (const path of ['/livez', '/readyz', '/metrics', '/incidents', '/etc/passwd', '/livez?x=1']) {
        answers.push((await ask(port, path, token)).status)
      }
      return answers
    }
    expect(await statuses(null)).toEqual([200, 200, 401, 401, 404, 200])
    expect(await statuses(`${TOKEN}x`)).toEqual([200, 200, 401, 401, 404, 200])
    expect(await statuses(TOKEN)).toEqual([200, 200, 200, 200, 404, 200])
    expect((await ask(port, '/readyz', TOKEN)).body).toBe('{"alive":true,"ready":true,"reasons":[]}\n')
    worker.child.kill('SIGTERM')
    const { signal, lines } = await worker.result
    expect(signal).toBe('SIGTERM')
    expect(lines.map(({ level }) => level)).toEqual([30])
  })

  it.skipIf(findPromtool() === null)('promtool (Debian: prometheus) finds nothing wrong with /metrics', async () => {
    const port = await freePort()
    const worker = await startPlain(newest, 'http', null, { env: probing(port) })
    await worker.says('"event":"probes"')
    const { body } = await ask(port, '/metrics', TOKEN)
    worker.child.kill('SIGTERM')
    await worker.result
    const promtool = findPromtool() ?? ''
    expect(checkMetrics(promtool, body), body).toBe('')
    expect(checkMetrics(promtool, `${body}conductor_bad 1\nconductor_bad 1\n`)).not.toBe('')
    expect(body).toMatch(/^conductor_heartbeat_age_seconds\{clock="event-loop",kind="event-loop"\} /m)
  })

  it('a port that somebody else has is told of once, and harms nobody', async () => {
    const port = await freePort()
    const other = http.createServer().listen(port, '127.0.0.1')
    const worker = await startPlain(newest, 'http', null, { env: probing(port) })
    await worker.says('no probes')
    const own = await portOf(worker)
    expect((await ask(own, '/')).body).toBe('ok')
    other.close()
    // It is free now: the next try has it.
    await worker.says('"event":"probes","host"', 30_000)
    expect((await ask(port, '/livez')).status).toBe(200)
    worker.child.kill('SIGTERM')
    const { lines } = await worker.result
    expect(lines.map(({ level }) => level)).toEqual([40, 30])
  })

  it('is not there unless a port is configured', async () => {
    const worker = await startPlain(newest, 'interval', null)
    await worker.says('"event":"watching"')
    expect(listeningSockets(worker.child.pid ?? 0)).toEqual([])
    worker.child.kill('SIGTERM')
    await worker.result
  })
})

/** Local addresses of the process's TCP sockets that listen. */
function listeningSockets(pid: number): string[] {
  const inodes = new Set(
    readdirSync(`/proc/${pid}/fd`).map((fd) => /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`))?.[1]),
  )
  return ['tcp', 'tcp6'].flatMap((name) =>
    readFileSync(`/proc/${pid}/net/${name}`, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === '0A' && inodes.has(fields[9]))
      .map((fields) => fields[1] ?? ''),
  )
}

function linkOf(file: string): string {
  try {
    return readlinkSync(file)
  } catch {
    // Closed meanwhile.
    return ''
  }
}
