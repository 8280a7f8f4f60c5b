import { describe, expect, test } from 'vitest'
import { describeArguments, descriptorOf, pathAddressOf } from '../../../../src/platform/procfs/syscall-arguments.js'
import { syscallName } from '../../../../src/platform/procfs/syscall-names.js'
import { decodeSyscall, parseSyscall } from '../../../../src/platform/procfs/syscall.js'

const LINE = '0 0x15 0x7f727612a000 0x10000 0x0 0xffffffff 0x0 0x7ffee9915ed8 0x7f72762a62ad\n'

describe('parseSyscall', () => {
  test('reads number, six arguments, stack pointer and pc', () => {
    expect(parseSyscall(LINE)).toEqual({
      kind: 'blocked',
      number: 0,
      args: [0x15n, 0x7f727612a000n, 0x10000n, 0n, 0xffffffffn, 0n],
      sp: 0x7ffee9915ed8,
      pc: 0x7f72762a62ad,
    })
  })

  test('tells a running thread and one asleep outside a call', () => {
    expect(parseSyscall('running\n')).toEqual({ kind: 'running' })
    const stopped = parseSyscall('-1 0x7ffee9915ed8 0x7f72762a62ad\n')
    expect(stopped).toMatchObject({ kind: 'blocked', number: -1, args: [] })
    expect(stopped && decodeSyscall(stopped, '/proc/self')).toBeNull()
  })

  test('gives null for text that is none', () => {
    expect(parseSyscall('')).toBeNull()
    expect(parseSyscall('what')).toBeNull()
  })
})

describe('decoding', () => {
  test('names calls by architecture', () => {
    expect(syscallName(0, 'x64')).toBe('read')
    expect(syscallName(281, 'x64')).toBe('epoll_pwait')
    expect(syscallName(63, 'arm64')).toBe('read')
    expect(syscallName(22, 'arm64')).toBe('epoll_pwait')
    expect(syscallName(9999, 'x64')).toBe('syscall_9999')
  })

  test('shows a descriptor with what it leads to', () => {
    expect(descriptorOf('read', [21n, 0n, 10n])).toBe(21)
    expect(describeArguments('read', [21n, 0x7fn, 10n], (fd) => `pipe:[${fd}]`)).toEqual([
      'fd 21 (pipe:[21])',
      'buffer 0x7f',
      'count 10',
    ])
  })

  test('names futex operations, time-outs, any child and the working folder', () => {
    expect(describeArguments('futex', [0x10n, 137n, 2n, 0n], () => null)).toEqual([
      'word 0x10',
      'operation WAIT_BITSET',
      'value 2',
      'timeout NULL',
    ])
    expect(describeArguments('epoll_wait', [13n, 1n, 1024n, 0xffffffffn], () => null).at(-1)).toBe('timeout none')
    expect(describeArguments('wait4', [0xffffffffn, 0n, 0n, 0n], () => null)[0]).toBe('pid any child')
    expect(describeArguments('openat', [0xffffff9cn, 1n], () => null)[0]).toBe('folder working folder')
    expect(descriptorOf('openat', [0xffffff9cn, 1n])).toBeUndefined()
  })

  test('shows a path where it was read, its address elsewhere', () => {
    expect(pathAddressOf('openat', [0xffffff9cn, 0x7fn])).toBe(0x7fn)
    expect(pathAddressOf('read', [1n, 2n])).toBeNull()
    expect(describeArguments('openat', [0xffffff9cn, 0x7fn], () => null, '/tmp/fifo')[1]).toBe('path /tmp/fifo')
    expect(describeArguments('openat', [0xffffff9cn, 0x7fn], () => null)[1]).toBe('path 0x7f')
  })

  test('shows the words of a call it has no signature for', () => {
    expect(describeArguments('mystery', [255n], () => null)).toEqual(['0xff'])
  })
})
