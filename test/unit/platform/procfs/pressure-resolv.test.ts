import { expect, test } from 'vitest'
import { parsePressureTotalMs, readLoadAverage, readPressure } from '../../../../src/platform/procfs/pressure.js'
import { parseNameservers, readNameservers } from '../../../../src/platform/procfs/resolv.js'

test('reads totals of a pressure file in ms, and null for a line that is not there', () => {
  const text = 'some avg10=3.60 avg60=2.64 avg300=1.97 total=25918861\n'
  expect(parsePressureTotalMs(text, 'some')).toBeCloseTo(25_918.861)
  expect(parsePressureTotalMs(text, 'full')).toBeNull()
})

test('reads the live machine without throwing', () => {
  const pressure = readPressure()
  if (pressure !== null) expect(Object.values(pressure).some((value) => value !== null)).toBe(true)
  expect(readLoadAverage()).toHaveLength(3)
})

test('lists nameservers in order, comments and options left out', () => {
  const text = '# nameserver 9.9.9.9\nsearch local\n nameserver 10.0.0.53\nnameserver fe80::1%eth0\noptions ndots:5\n'
  expect(parseNameservers(text)).toEqual(['10.0.0.53', 'fe80::1%eth0'])
})

test('says null when the process is not there', () => {
  expect(readNameservers('/proc/999999999')).toBeNull()
})
