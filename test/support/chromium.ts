/** A real browser, from Debian: installed here where that can be had; tests that need it are skipped by name where not. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import CDP from 'chrome-remote-interface'

const PROGRAM = '/usr/bin/chromium'
const LIMIT_MS = 60_000

export function hasChromium(): boolean {
  if (existsSync(PROGRAM)) return true
  if (process.getuid?.() !== 0) return false
  spawnSync('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'], { timeout: 300_000 })
  return existsSync(PROGRAM)
}

export interface Page {
  readonly client: CDP.Client
  /** Value of an expression in the page. */
  readonly evaluate: (expression: string) => Promise<unknown>
  /** Everything that was asked for by the page, by URL. */
  readonly requests: string[]
  readonly complaints: string[]
  /** Of its debugging interface, which also serves the files of DevTools that this browser has inside. */
  readonly port: number
}

/** Opens a file and hands the page over; the browser ends afterwards. */
export async function withPage<T>(file: string, act: (page: Page) => Promise<T>): Promise<T> {
  const profile = mkdtempSync(path.join(tmpdir(), 'chromium-'))
  const flags = '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking'
  const more = '--disable-component-update --disable-sync --remote-debugging-port=0'
  const args = [...`${flags} ${more}`.split(' '), `--user-data-dir=${profile}`, 'about:blank']
  // A group of its own: its helper processes outlive it, and write into its folder.
  const child = spawn(PROGRAM, args, { stdio: 'ignore', detached: true })
  const ended = once(child, 'exit')
  try {
    const port = await portOf(profile)
    const client = await CDP({ port })
    const requests: string[] = []
    const complaints: string[] = []
    client.on('Network.requestWillBeSent', ({ request }) => requests.push(request.url))
    client.on('Log.entryAdded', ({ entry }) => complaints.push(entry.text))
    client.on('Page.javascriptDialogOpening', ({ message }) => {
      complaints.push(`dialog: ${message}`)
      void client.Page.handleJavaScriptDialog({ accept: false })
    })
    await Promise.all([client.Page.enable(), client.Network.enable({}), client.Log.enable(), client.Runtime.enable()])
    const loaded = client.Page.loadEventFired()
    await client.Page.navigate({ url: `file://${file}` })
    await loaded
    const evaluate = async (expression: string): Promise<unknown> => {
      const { result, exceptionDetails } = await client.Runtime.evaluate({
        expression,
        returnByValue: true,
        awaitPromise: true,
      })
      if (exceptionDetails !== undefined) throw new Error(`${expression}: ${exceptionDetails.exception?.description}`)
      return result.value
    }
    try {
      return await act({ client, evaluate, requests, complaints, port })
    } finally {
      await client.close()
    }
  } finally {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    await ended
    await removeFolder(profile)
  }
}

/** `rmSync` lists a folder once: what a dying process adds meanwhile makes it fail however often it tries. */
async function removeFolder(folder: string): Promise<void> {
  for (const deadline = Date.now() + LIMIT_MS; ;) {
    try {
      rmSync(folder, { recursive: true, force: true })
      return
    } catch (thrown) {
      if (Date.now() > deadline) throw thrown
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

async function portOf(profile: string): Promise<number> {
  const file = path.join(profile, 'DevToolsActivePort')
  const deadline = Date.now() + LIMIT_MS
  for (;;) {
    if (existsSync(file)) {
      const port = Number(readFileSync(file, 'utf8').split('\n')[0])
      if (port > 0) return port
    }
    if (Date.now() > deadline) throw new Error('chromium did not start')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
