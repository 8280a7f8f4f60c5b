/** Commands that are given the wrapper of a Node process instead of it, and a stdout that is full. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { expect, test } from 'vitest'
import { CLI, NODES } from '../support/nodes.js'
import { runCli } from '../support/cli.js'

const node = NODES[0]?.path ?? process.execPath
const SCRIPT = 'console.log(process.pid); setInterval(() => {}, 1000)'

async function wrapped(look: (wrapper: number, child: number) => Promise<void>): Promise<void> {
  const shell = spawn('sh', ['-c', `"$0" -e "$1" token=hunter2 & wait`, node, SCRIPT], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  })
  const pid = shell.pid ?? -1
  try {
    const [line] = (await once(shell.stdout, 'data')) as [Buffer]
    await look(pid, Number(line.toString()))
  } finally {
    process.kill(-pid, 'SIGKILL')
    await once(shell, 'close')
  }
}

test('dump of a shell names the node child of it, with the command that looks at that one', async () => {
  await wrapped(async (wrapper, child) => {
    const { code, stderr } = await runCli(['dump', String(wrapper)])
    expect(code).toBe(1)
    expect(stderr).toContain('ERR_STALL_NOT_NODE')
    expect(stderr).toMatch(new RegExp(`Its child ${child} is Node \\(.*\\): conductor-diag dump ${child}\\n`))
    expect(stderr).not.toContain('hunter2')
  })
})

test('dump of a process that is not Node and started none points to ps', async () => {
  const sleeper = spawn('sleep', ['60'], { stdio: 'ignore' })
  try {
    const { stderr } = await runCli(['dump', String(sleeper.pid)])
    expect(stderr).toContain('conductor-diag ps lists')
  } finally {
    sleeper.kill('SIGKILL')
  }
})

test('a full stdout is told as that, not as a fault of this tool', () => {
  const ps = spawnSync(process.execPath, [CLI, 'doctor'], { stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'] })
  expect(ps.stderr.toString()).toMatch(/no space is left where stdout goes \(ENOSPC\) \(ERR_STALL_DISK_FULL\)/)
  expect(ps.status).toBe(1)
})

test('ps and dump say of a refused process what doctor says of the capabilities', async () => {
  const doctor = JSON.parse((await runCli(['doctor', '--json'])).stdout) as {
    findings: { subject: string; text: string }[]
  }
  const capabilities = doctor.findings.find(({ subject }) => subject === 'capabilities')?.text ?? ''
  const { wayPast } = JSON.parse((await runCli(['ps', '--json'])).stdout) as { wayPast?: string }
  if (wayPast === undefined) return
  const all = capabilities.includes('CAP_SYS_PTRACE') && !capabilities.includes('without')
  expect(wayPast).toMatch(all ? /all capabilities are there/ : /CAP_/)
})
