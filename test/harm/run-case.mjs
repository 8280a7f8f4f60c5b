import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const ROOT = path.resolve(import.meta.dirname, '../..')
const PRELOAD = path.join(ROOT, 'dist/index.js')
const PROGRAMS = path.join(import.meta.dirname, 'programs.cjs')
const LIMIT_MS = 60_000

/** Lines of the agent's own, which are meant; and what differs between any two processes. */
function othersLines(stderr) {
  return stderr
    .split('\n')
    .filter((line) => !line.startsWith('{') || !line.includes('"conductor-stall-agent"'))
    .join('\n')
    .replaceAll(/\(node:\d+\)/g, '(node)')
    .replaceAll(/0x[\da-f]+/g, '0x')
    .replaceAll(/==\d+==|#\d+|\bpid \d+/g, '')
}

/** Of node::Abort and --trace-exit the stack goes to stderr: with a preload the module loader's frames differ. */
const withoutFrames = (text) => text.replaceAll(/^\s*(?:at |\d+: ).*$/gm, '')

/**
 * @param node path of the binary
 * @returns `end` (code or signal), `stdout` and `stderr` as digests and bytes, `ms` from the signal, else from the start
 */
export async function runCase(one, { node, major, watched }) {
  const state = mkdtempSync(path.join(tmpdir(), 'stall-harm-'))
  const preload = watched && !one.inherit ? ['--require', PRELOAD] : []
  const argv = one.argv?.(node) ?? [node, ...(one.flags?.(major) ?? []), ...preload, PROGRAMS, one.program]
  const [file, ...args] = (one.wrap ?? ((plain) => plain))(argv)
  const env = {
    PATH: `${path.dirname(node)}:${process.env.PATH}`,
    HOME: state,
    PM2_HOME: state,
    STATE: state,
    CONDUCTOR_STALL_DIR: state,
    ...one.env,
  }
  if (watched && one.inherit) env.NODE_OPTIONS = `--require ${PRELOAD}`
  let since = performance.now()
  const child = spawn(file, args, { env, cwd: one.cwd ?? state, stdio: ['pipe', 'pipe', 'pipe'] })
  let [stdout, stderr, sent, late] = ['', '', false, false]
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text
    if (!one.signal || sent || !stdout.includes(one.marker ?? 'ready')) return
    sent = true
    // With the agent's threads up, which is when they could be in the way.
    setTimeout(() => {
      since = performance.now()
      child.kill(one.signal)
    }, 700)
  })
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text))
  const timer = setTimeout(() => {
    late = true
    child.kill('SIGKILL')
  }, LIMIT_MS)
  const [code, signal] = await new Promise((resolve, reject) => {
    let ended = null
    child.once('error', reject)
    child.once('exit', (...how) => (ended = how))
    child.once('close', () => resolve(ended))
  })
  const ms = performance.now() - since
  clearTimeout(timer)
  rmSync(state, { recursive: true, force: true })
  const normal = one.normal ?? ((text) => text)
  const said = normal(stdout)
  const others = normal(withoutFrames(othersLines(stderr)))
  return {
    end: late ? `not ended in ${LIMIT_MS / 1000} s` : (signal ?? code),
    stdout: {
      bytes: Buffer.byteLength(stdout),
      digest: createHash('sha256').update(said).digest('hex'),
      text: said,
    },
    stderr: { text: others.replaceAll(/\s+/g, ' ').trim() },
    ms,
  }
}

/** What differs, in words; empty: nothing. */
export function differences(bare, watched) {
  const found = []
  if (bare.end !== watched.end) found.push(`ended with ${watched.end}, not ${bare.end}`)
  if (bare.stdout.digest !== watched.stdout.digest) {
    found.push(
      `stdout ${JSON.stringify(watched.stdout.text.slice(0, 300))}, not ${JSON.stringify(bare.stdout.text.slice(0, 300))}`,
    )
  }
  if (bare.stderr.text !== watched.stderr.text) {
    found.push(
      `stderr ${JSON.stringify(watched.stderr.text.slice(0, 400))}, not ${JSON.stringify(bare.stderr.text.slice(0, 400))}`,
    )
  }
  return found
}
