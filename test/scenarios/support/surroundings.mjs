// What is done around a worker: networks that swallow packets, quotas, locks, signals. Each says why it can't be had
// here, and takes away all that it made.
import { execFileSync, spawn } from 'node:child_process'
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  rmSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'

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

export const SURROUNDINGS = {
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
          rival = spawn(
            'chrt',
            ['--fifo', '1', 'taskset', '-c', '0', 'timeout', '30', process.execPath, '-e', 'for (;;);'],
            {
              stdio: 'ignore',
              detached: true,
            },
          )
          run('taskset', '-a', '-p', '-c', '0', String(pid))
        },
        close() {
          if (rival?.pid) process.kill(-rival.pid, 'SIGKILL')
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

export function moduleFolder(name, root) {
  for (const base of [root, path.join(root, 'test/scenarios/addons')]) {
    const folder = path.join(base, 'node_modules', name)
    try {
      accessSync(folder)
      return folder
    } catch {
      // Looked for in the next one.
    }
  }
  return null
}
