// What is done around a worker: networks that swallow packets, quotas, locks, signals. Each says why it can't be had
// here, and takes away all that it made.
import { execFileSync, spawn } from 'node:child_process'
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { startServer } from '../../fixtures/conductor-server/server.mjs'

const SDK_MODULES = path.join(import.meta.dirname, '../../sdk/conductor-4.0.0/node_modules')
const isRoot = process.getuid?.() === 0
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
let made = 0

function run(command, ...args) {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

function has(command) {
  return ['/bin', '/usr/bin', '/sbin', '/usr/sbin'].some((folder) => existsSync(path.join(folder, command)))
}

function firstLine(child) {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`it ended with ${code} before it was ready`)))
    child.stdout.once('data', (chunk) => resolve(String(chunk).trim()))
  })
}

const namespaces = () => (isRoot && has('ip') ? null : 'network namespaces need root and ip')

function namespaceName() {
  return `stall-${process.pid % 100_000}-${++made}`
}

/** A pair of devices, one end in a namespace of its own. */
function makeNamespace(name) {
  const subnet = `10.213.${(process.pid + made) % 250}`
  const [near, far] = [`sn${process.pid % 10_000}x${made}`, `sf${process.pid % 10_000}x${made}`]
  run('ip', 'netns', 'add', name)
  run('ip', 'link', 'add', near, 'type', 'veth', 'peer', 'name', far, 'netns', name)
  run('ip', 'addr', 'add', `${subnet}.1/24`, 'dev', near)
  run('ip', 'link', 'set', near, 'up')
  run('ip', '-n', name, 'addr', 'add', `${subnet}.2/24`, 'dev', far)
  run('ip', '-n', name, 'link', 'set', far, 'up')
  run('ip', '-n', name, 'link', 'set', 'lo', 'up')
  return { near, far, host: `${subnet}.1`, guest: `${subnet}.2` }
}

const NOWHERE = '02:00:00:00:00:99'

function v1Group(controller) {
  const base = `/sys/fs/cgroup/${controller}`
  if (!isRoot || !existsSync(path.join(base, 'cgroup.procs'))) return null
  const folder = path.join(base, `stall-scenario-${process.pid}-${++made}`)
  return folder
}

function canMakeGroup(controller) {
  const folder = v1Group(controller)
  if (folder === null) return `the ${controller} control group (version 1) is not mounted, or not ours to write`
  try {
    mkdirSync(folder)
    rmdirSync(folder)
    return null
  } catch (error) {
    return `no control group can be made: ${error.message}`
  }
}

function textOf(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    // Not there, or not for us.
    return null
  }
}

async function removeGroup(folder) {
  for (let tries = 0; tries < 50; tries++) {
    try {
      rmdirSync(folder)
      return
    } catch {
      // Its last process is still being ended.
      await pause(50)
    }
  }
}

/** A Conductor server and the real SDK to poll it with. `controls` get the server. */
function conductor({ tls = false, env = {}, controls = () => ({}) } = {}) {
  return {
    unavailable: () =>
      existsSync(path.join(SDK_MODULES, '@io-orkes/conductor-javascript'))
        ? null
        : 'the SDK is not installed (npm test installs it)',
    async prepare() {
      const server = await startServer({ tls })
      return {
        env: { CONDUCTOR_SERVER_URL: server.url, NODE_PATH: SDK_MODULES, ...env },
        controls: controls(server),
        close: () => server.close(),
      }
    },
  }
}

function enqueueTasks(server, count) {
  return fetch(`${server.control}/tasks`, {
    method: 'POST',
    body: JSON.stringify({ taskType: 'orders', count, responseTimeoutSeconds: 1 }),
  })
}

const LITTLE_BYTES = 192 * 1024 * 1024

/** Real blocks, and none of them left in the page cache: what is read of it is charged to whoever reads. */
function makeCatalogue(folder) {
  const file = path.join(folder, 'catalogue.bin')
  run('dd', 'if=/dev/zero', `of=${file}`, 'bs=1M', 'count=512', 'conv=fsync')
  run('dd', `of=${file}`, 'oflag=nocache', 'conv=notrunc,fdatasync', 'count=0')
}

/** A command that joins control groups before it becomes another one. */
function startedIn(groups) {
  const joins = groups.map((group) => `echo $$ > ${group}/cgroup.procs`)
  return ['sh', '-c', `${joins.join(' && ')} && exec "$@"`, 'sh']
}

/** Major and minor number of the disk below a folder, as the block controller wants them. */
function diskOf(folder) {
  const device = statSync(folder).dev
  return `${(device >> 8) & 0xfff}:${(device & 0xff) | ((device >> 12) & 0xfff00)}`
}

/**
 * A rival that ends by itself, whatever becomes of this runner: `timeout` could not end one that has the CPU at a
 * real-time priority of its own, since it would have to run on it.
 */
const spinFor = (ms) => `const end = Date.now() + ${ms}; while (Date.now() < end);`

function endGroup(child) {
  if (child?.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}

export const SURROUNDINGS = {
  conductor: conductor({
    controls: (server) => ({
      'two-tasks': () => enqueueTasks(server, 2),
      unavailable: () => server.setMode('503'),
    }),
  }),
  'conductor-muted': conductor({
    tls: true,
    // So that three polls have failed when the incident is taken, and each was in flight nearly all the time.
    env: {
      CONDUCTOR_REQUEST_TIMEOUT_MS: '3000',
      CONDUCTOR_STALL_WARN_SECONDS: '8',
      CONDUCTOR_STALL_POLL_SUCCESS_WARN_SECONDS: '10',
    },
    controls: (server) => ({ mute: () => server.mute() }),
  }),
  'conductor-alone': conductor({ env: { HEALTH: 'off' } }),
  'little-memory': {
    unavailable: () => canMakeGroup('memory') ?? canMakeGroup('blkio') ?? (has('dd') ? null : 'no dd'),
    prepare({ folder }) {
      const groups = ['memory', 'blkio'].map((controller) => v1Group(controller))
      const [memory, disk] = groups
      for (const group of groups) mkdirSync(group)
      writeFileSync(path.join(memory, 'memory.limit_in_bytes'), String(LITTLE_BYTES))
      writeFileSync(path.join(disk, 'blkio.throttle.read_iops_device'), `${diskOf(folder)} 400`)
      makeCatalogue(folder)
      return {
        prefix: startedIn(groups),
        async close() {
          for (const group of groups) await removeGroup(group)
        },
      }
    },
  },
  'memory-pressure': {
    unavailable: () =>
      isRoot && (textOf('/sys/fs/cgroup/cgroup.controllers') ?? '').includes('memory')
        ? null
        : 'needs control groups of version 2 with the memory controller, for their pressure',
    prepare({ folder }) {
      const group = `/sys/fs/cgroup/stall-scenario-${process.pid}-${++made}`
      mkdirSync(group)
      writeFileSync(path.join(group, 'memory.high'), String(LITTLE_BYTES))
      makeCatalogue(folder)
      return { prefix: startedIn([group]), close: () => removeGroup(group) }
    },
  },
  'full-stdout': {
    unavailable: () => (has('mkfifo') ? null : 'no mkfifo'),
    prepare({ folder }) {
      const fifo = path.join(folder, 'stdout.fifo')
      run('mkfifo', fifo)
      const fd = openSync(fifo, constants.O_RDWR)
      return { stdout: fd, close: () => closeSync(fd) }
    },
  },
  'slow-library': {
    unavailable: () => (has('cc') ? null : 'no C compiler'),
    prepare({ folder }) {
      const source = path.join(folder, 'scanner.c')
      writeFileSync(source, 'int pause(void);\n__attribute__((constructor)) static void start(void) { pause(); }\n')
      run('cc', '-shared', '-fPIC', '-o', path.join(folder, 'scanner.node'), source)
      return { close() {} }
    },
  },
  'locked-database': {
    unavailable: () =>
      has('python3') || existsSync('/root/.pyenv/shims/python3') ? null : 'no python3 to hold the lock',
    async prepare({ folder }) {
      const source = `
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute('create table orders (id integer, state text)')
db.execute('begin immediate')
db.execute("insert into orders values (0, 'held')")
print('locked', flush=True)
time.sleep(120)`
      const holder = spawn('python3', ['-c', source, path.join(folder, 'orders.db')], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      await firstLine(holder)
      return { close: () => holder.kill('SIGKILL') }
    },
  },
  'black-hole': {
    unavailable: namespaces,
    async prepare({ node }) {
      const name = namespaceName()
      const net = makeNamespace(name)
      const source = `require('http').createServer({ keepAliveTimeout: 0 }, (q, r) => r.end('ok')).listen(8080, '${net.guest}', () => console.log('up'))`
      const server = spawn('ip', ['netns', 'exec', name, node, '-e', source], { stdio: ['ignore', 'pipe', 'inherit'] })
      await firstLine(server)
      return {
        env: { FAR: `http://${net.guest}:8080` },
        controls: {
          // Frames of both sides go to an address that nobody has: no error, no answer.
          'cut-far': () => {
            run('ip', 'neigh', 'replace', net.guest, 'lladdr', NOWHERE, 'dev', net.near, 'nud', 'permanent')
            run('ip', '-n', name, 'neigh', 'replace', net.host, 'lladdr', NOWHERE, 'dev', net.far, 'nud', 'permanent')
          },
        },
        close() {
          server.kill('SIGKILL')
          run('ip', 'netns', 'del', name)
        },
      }
    },
  },
  'silent-dns': {
    unavailable: namespaces,
    prepare() {
      const name = namespaceName()
      const net = makeNamespace(name)
      run('ip', '-n', name, 'neigh', 'replace', net.host, 'lladdr', NOWHERE, 'dev', net.far, 'nud', 'permanent')
      const folder = path.join('/etc/netns', name)
      mkdirSync(folder, { recursive: true })
      writeFileSync(path.join(folder, 'resolv.conf'), `nameserver ${net.host}\noptions timeout:30 attempts:3\n`)
      return {
        prefix: ['ip', 'netns', 'exec', name],
        // From in there nothing of the runner's can be reached: the worker polls by itself.
        env: { BASE: undefined, CONTROL: undefined },
        close() {
          run('ip', 'netns', 'del', name)
          rmSync(folder, { recursive: true, force: true })
        },
      }
    },
  },
  quota: {
    unavailable: () => canMakeGroup('cpu'),
    prepare() {
      const group = v1Group('cpu')
      mkdirSync(group)
      writeFileSync(path.join(group, 'cpu.cfs_period_us'), '100000')
      writeFileSync(path.join(group, 'cpu.cfs_quota_us'), '1000')
      return {
        afterWedge: (pid) => writeFileSync(path.join(group, 'cgroup.procs'), String(pid)),
        close: () => removeGroup(group),
      }
    },
  },
  freezer: {
    unavailable: () => canMakeGroup('freezer'),
    prepare() {
      const group = v1Group('freezer')
      mkdirSync(group)
      return {
        afterWedge(pid) {
          writeFileSync(path.join(group, 'cgroup.procs'), String(pid))
          writeFileSync(path.join(group, 'freezer.state'), 'FROZEN')
        },
        beforeEnd: () => writeFileSync(path.join(group, 'freezer.state'), 'THAWED'),
        close: () => removeGroup(group),
      }
    },
  },
  'crowded-cpu': {
    unavailable: () => (isRoot && has('taskset') && has('chrt') ? null : 'needs root, taskset and chrt'),
    prepare() {
      let rival
      return {
        afterWedge(pid) {
          const busy = ['taskset', '-c', '0', process.execPath, '-e', spinFor(90_000)]
          rival = spawn('chrt', ['--fifo', '1', ...busy], { stdio: 'ignore', detached: true })
          run('taskset', '-a', '-p', '-c', '0', String(pid))
        },
        close() {
          endGroup(rival)
        },
      }
    },
  },
  crowd: {
    unavailable: () => (has('taskset') ? null : 'needs taskset'),
    prepare() {
      let others = []
      return {
        afterWedge(pid) {
          run('taskset', '-a', '-p', '-c', '0', String(pid))
          const busy = ['-c', '0', process.execPath, '-e', spinFor(90_000)]
          others = Array.from({ length: 12 }, () => spawn('taskset', busy, { stdio: 'ignore', detached: true }))
        },
        close() {
          for (const other of others) endGroup(other)
        },
      }
    },
  },
  sigstop: {
    unavailable: () => null,
    prepare: () => ({ afterWedge: (pid) => process.kill(pid, 'SIGSTOP'), close() {} }),
  },
  continued: {
    unavailable: () => null,
    prepare: () => ({
      async afterWedge(pid) {
        process.kill(pid, 'SIGSTOP')
        await pause(1_500)
        process.kill(pid, 'SIGCONT')
      },
      close() {},
    }),
  },
}
