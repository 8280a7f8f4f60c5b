import { expect, test } from 'vitest'
import { cgroupState, parseCgroupMounts, parseMemberships, readCgroup } from '../../../../src/platform/procfs/cgroup.js'

const V1_MOUNTS = `32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
37 31 0:34 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
39 31 0:36 / /sys/fs/cgroup/freezer rw,relatime - cgroup cgroup rw,freezer
42 31 0:39 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
`
const V1_GROUPS = `6:freezer:/jobs
4:memory:/jobs
1:cpu:/jobs/one
0::/
`

function files(texts: Record<string, string>) {
  return (path: string) => texts[path] ?? null
}

test('reads version 1: quota of the tightest ancestor, throttling in ns, memory, freezer', () => {
  const state = cgroupState(
    parseMemberships(V1_GROUPS),
    parseCgroupMounts(V1_MOUNTS),
    files({
      '/sys/fs/cgroup/cpu/jobs/one/cpu.cfs_quota_us': '-1\n',
      '/sys/fs/cgroup/cpu/jobs/one/cpu.cfs_period_us': '100000\n',
      '/sys/fs/cgroup/cpu/jobs/cpu.cfs_quota_us': '1000\n',
      '/sys/fs/cgroup/cpu/jobs/cpu.cfs_period_us': '100000\n',
      '/sys/fs/cgroup/cpu/jobs/cpu.stat': 'nr_periods 200\nnr_throttled 190\nthrottled_time 18500000000\n',
      '/sys/fs/cgroup/memory/jobs/memory.limit_in_bytes': '268435456\n',
      '/sys/fs/cgroup/memory/jobs/memory.usage_in_bytes': '100000000\n',
      '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
      '/sys/fs/cgroup/freezer/jobs/freezer.state': 'FROZEN\n',
    }),
  )
  expect(state).toEqual({
    version: 1,
    path: '/jobs/one',
    cpuQuota: 0.01,
    periods: 200,
    throttledPeriods: 190,
    throttledMs: 18_500,
    memoryLimitBytes: 268_435_456,
    memoryUsedBytes: 100_000_000,
    memoryStallMs: null,
    cpuStallMs: null,
    frozen: true,
  })
})

test('reads version 2 through a mount of a part of the hierarchy', () => {
  const state = cgroupState(
    parseMemberships('0::/kubepods/pod7/main\n'),
    parseCgroupMounts('42 31 0:39 /kubepods/pod7 /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw,nsdelegate\n'),
    files({
      '/sys/fs/cgroup/main/cpu.max': '50000 100000\n',
      '/sys/fs/cgroup/main/cpu.stat': 'usage_usec 5\nnr_periods 10\nnr_throttled 4\nthrottled_usec 250000\n',
      '/sys/fs/cgroup/main/memory.max': 'max\n',
      '/sys/fs/cgroup/memory.max': '536870912\n',
      '/sys/fs/cgroup/main/memory.current': '300000000\n',
      '/sys/fs/cgroup/main/memory.pressure':
        'some avg10=0.00 avg60=0.00 avg300=0.00 total=900\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7000\n',
      '/sys/fs/cgroup/main/cpu.pressure': 'some avg10=0.00 avg60=0.00 avg300=0.00 total=12000\n',
      '/sys/fs/cgroup/main/cgroup.events': 'populated 1\nfrozen 0\n',
    }),
  )
  expect(state).toEqual({
    version: 2,
    path: '/kubepods/pod7/main',
    cpuQuota: 0.5,
    periods: 10,
    throttledPeriods: 4,
    throttledMs: 250,
    memoryLimitBytes: 536_870_912,
    memoryUsedBytes: 300_000_000,
    memoryStallMs: 7,
    cpuStallMs: 12,
    frozen: false,
  })
})

test('says null where no cgroup is mounted', () => {
  expect(cgroupState(parseMemberships('0::/\n'), [], files({}))).toBeNull()
})

test('reads the live one without throwing', () => {
  const state = readCgroup('/proc/self')
  if (state !== null) expect([1, 2]).toContain(state.version)
})
