import { expect, test } from 'vitest'
import type { NodeProcess, ProcessList } from '../../../src/model/process-list.js'
import { renderProcesses } from '../../../src/report/process-list.js'

const process = (more: Partial<NodeProcess>): NodeProcess => ({
  pid: 22061,
  parentPid: 1,
  node: 'v20.20.2',
  agent: false,
  state: 'idle',
  wchan: null,
  loop: null,
  command: ['node', 'worker.js'],
  singleExecutable: false,
  ...more,
})

const loop = { polling: false, stuckMs: 79_900 } as NodeProcess['loop']
const script = '/srv/workers/node_modules/.cache/build/invoice-worker.js'
const LIST: ProcessList = {
  processes: [
    process({ state: 'sleeping', wchan: 'do_epoll_wait', loop }),
    process({ agent: true, command: ['/opt/node20/bin/node', '--require', '/srv/app/dist/index.js', script] }),
    process({ startedPid: 4711, command: ['npm', 'exec', 'worker'] }),
  ],
  hidden: 0,
}

test('shows on a wide screen what each thread does, and the command as it is', () => {
  const [, stuck = '', agent = ''] = renderProcesses(LIST, 200).split('\n')
  expect(stuck).toMatch(/ sleeping \(do_epoll_wait\), no loop turn for 79\.9 s {2}node worker\.js$/)
  expect(agent).toContain(`/opt/node20/bin/node --require /srv/app/dist/index.js ${script}`)
})

test('keeps on a narrow screen that a loop stands still, and which script it is', () => {
  const lines = renderProcesses(LIST, 80).split('\n')
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(80)
  const [, stuck = '', agent = '', wrapper = ''] = lines
  expect(stuck).toMatch(/ no loop turn for 79\.9 s {2}node worker\.js$/)
  expect(agent).toMatch(/ yes +idle +node …\/build\/invoice-worker\.js$/)
  expect(wrapper).toMatch(/ started 4711: npm exec worker$/)
})

test('shortens paths in a pipe before it cuts a command', () => {
  const processes = [process({ command: ['/opt/node20/bin/node', script, '--tenant', 'a', `/srv${script}`] })]
  expect(renderProcesses({ ...LIST, processes })).toMatch(
    / {2}node …\/build\/invoice-worker\.js --tenant a …\/build\/invoice-worker\.js\n$/,
  )
})
