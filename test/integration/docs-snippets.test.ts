/** Every JavaScript snippet of the documents runs as it stands: it ends well, or is still at work when it is ended. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { temporaryFolder } from '../support/incidents.js'
import { PROJECT_ROOT } from '../support/nodes.js'
import { SDK_FOLDER } from '../support/sdk-worker.js'

const PAGES = ['README.md', 'docs/api.md', 'docs/conductor.md', 'docs/poll-loops.md', 'docs/tutorial.md']

interface Snippet {
  readonly page: string
  readonly file: string
  readonly code: string
}

const SNIPPETS: Snippet[] = PAGES.flatMap((page) => {
  const text = readFileSync(path.join(PROJECT_ROOT, page), 'utf8')
  return [...text.matchAll(/^```js\n([^]*?)^```$/gm)].map(([, code = ''], index) => {
    const ending = code.startsWith('import ') ? 'mjs' : 'js'
    const file = /^\/\/ (\S+\.[cm]?js)$/m.exec(code)?.[1] ?? `snippet-${index}.${ending}`
    return { page, file, code }
  })
})

const temporary = temporaryFolder('snippets')

beforeAll(() => {
  mkdirSync(path.join(temporary.path, 'node_modules'))
  symlinkSync(PROJECT_ROOT, path.join(temporary.path, 'node_modules/conductor-stall-agent'))
  symlinkSync(path.join(SDK_FOLDER, 'node_modules/@io-orkes'), path.join(temporary.path, 'node_modules/@io-orkes'))
})
afterAll(() => temporary.remove())

test('there are snippets in every page', () => {
  expect(PAGES.filter((page) => !SNIPPETS.some((each) => each.page === page))).toEqual([])
})

/** Longer than any of them needs to fail, or to end. */
const AT_WORK_MS = 3000

test.each(SNIPPETS)('$page: $file runs', async ({ page, file, code }) => {
  const folder = path.join(temporary.path, page.replaceAll('/', '-'))
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(folder, file), code)
  const env = { PATH: process.env['PATH'], CONDUCTOR_STALL_DIR: temporary.path, CONDUCTOR_STALL_LOG_LEVEL: 'error' }
  const child = spawn(process.execPath, [file], { cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe'] })
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')))
  const timer = setTimeout(() => child.kill('SIGKILL'), AT_WORK_MS)
  const [exitCode, signal] = (await once(child, 'close')) as [number | null, string | null]
  clearTimeout(timer)
  expect({ stderr, ended: signal === 'SIGKILL' ? 'at work' : exitCode }).toEqual({
    stderr: '',
    ended: signal === 'SIGKILL' ? 'at work' : 0,
  })
})
