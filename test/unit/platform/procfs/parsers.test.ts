import { describe, expect, test } from 'vitest'
import { parseMaps } from '../../../../src/platform/procfs/maps.js'
import { splitNul } from '../../../../src/platform/procfs/process.js'
import { isKernelThread, parseStat } from '../../../../src/platform/procfs/stat.js'
import { hasSignal, parseStatus } from '../../../../src/platform/procfs/status.js'
import { parseSchedstat } from '../../../../src/platform/procfs/threads.js'

const STAT =
  '7768 (my (odd) name) R 7764 7763 3537 34816 7764 4194304 101 0 7 0 150 25 0 0 20 0 11 0 78860 3133440 390 18446744073709551615 94745168048128 94745168068009 140732817039744 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 94745168084016 94745168085632 94746092331008 140732817042045 140732817042122 140732817042122 140732817043435 0'

describe('parseStat', () => {
  test('reads the fields of a line whose name holds brackets and blanks', () => {
    expect(parseStat(STAT)).toMatchObject({
      pid: 7768,
      name: 'my (odd) name',
      state: 'R',
      parentPid: 7764,
      processGroup: 7763,
      terminal: 34816,
      foregroundGroup: 7764,
      majorFaults: 7,
      userMs: 1500,
      systemMs: 250,
      threads: 11,
      startTicks: 78860,
      residentPages: 390,
    })
  })

  test('tells a kernel thread by its flag', () => {
    expect(isKernelThread(parseStat(STAT))).toBe(false)
    expect(isKernelThread(parseStat(STAT.replace('4194304', '2129984')))).toBe(true)
  })

  test('refuses a line that is none', () => {
    expect(() => parseStat('')).toThrow(expect.objectContaining({ code: 'ERR_STALL_CAPTURE_FAILED' }))
  })
})

describe('parseStatus', () => {
  const text = [
    'Name:\tnode',
    'Tgid:\t41',
    'TracerPid:\t99',
    'Uid:\t1000\t1001\t1000\t1000',
    'NStgid:\t3537\t12',
    'NSpid:\t3537\t12',
    'VmRSS:\t    4028 kB',
    'VmSwap:\t       8 kB',
    'SigCgt:\t0000000108004203',
    'voluntary_ctxt_switches:\t77',
    'nonvoluntary_ctxt_switches:\t9',
  ].join('\n')

  test('reads users, tracer, memory, namespaces and switches', () => {
    expect(parseStatus(text)).toMatchObject({
      processId: 41,
      tracerPid: 99,
      uid: 1000,
      effectiveUid: 1001,
      namespacePids: [3537, 12],
      residentBytes: 4028 * 1024,
      swappedBytes: 8192,
      voluntarySwitches: 77,
      involuntarySwitches: 9,
    })
  })

  test('tells which signals are caught', () => {
    const { caughtSignals } = parseStatus(text)
    expect(hasSignal(caughtSignals, 10)).toBe(true)
    expect(hasSignal(caughtSignals, 15)).toBe(true)
    expect(hasSignal(caughtSignals, 12)).toBe(false)
  })

  test('gives null for what the kernel does not show', () => {
    expect(parseStatus('Name:\tx')).toMatchObject({ voluntarySwitches: null, namespacePids: [], caughtSignals: 0n })
  })
})

describe('parseMaps', () => {
  test('reads permissions, offsets, files and names with blanks, and skips what is no mapping', () => {
    const text = [
      '00400000-014b2000 r--p 00000000 fe:00 246999                     /usr/bin/my node',
      '7f727612a000-7f727614a000 rw-s 00002000 00:00 0 ',
      '7ffee98f5000-7ffee9916000 rwxp 00000000 00:00 0                          [stack]',
      '7f72761',
    ].join('\n')
    expect(parseMaps(text)).toEqual([
      {
        start: 0x400000,
        end: 0x14b2000,
        readable: true,
        writable: false,
        executable: false,
        shared: false,
        offset: 0,
        device: 'fe:00',
        inode: 246999,
        path: '/usr/bin/my node',
      },
      {
        start: 0x7f727612a000,
        end: 0x7f727614a000,
        readable: true,
        writable: true,
        executable: false,
        shared: true,
        offset: 0x2000,
        device: '00:00',
        inode: 0,
        path: '',
      },
      expect.objectContaining({ path: '[stack]', executable: true }),
    ])
  })
})

describe('small formats', () => {
  test('splits a command line at NULs and drops the padding of a rewritten title', () => {
    expect(splitNul(Buffer.from('node\0--x\0a b\0'))).toEqual(['node', '--x', 'a b'])
    expect(splitNul(Buffer.from('my title\0\0\0\0'))).toEqual(['my title'])
    expect(splitNul(Buffer.from(''))).toEqual([])
  })

  test('reads schedstat in milliseconds, and nothing from a kernel that has none', () => {
    expect(parseSchedstat('1500000 250000 3\n')).toEqual({ onCpuMs: 1.5, runQueueWaitMs: 0.25 })
    expect(parseSchedstat('')).toBeNull()
  })
})
