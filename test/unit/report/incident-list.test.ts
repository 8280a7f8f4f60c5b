import { expect, test } from 'vitest'
import {
  groupIncidents,
  type IncidentLine,
  renderIncidentList,
  uniqueIdLength,
} from '../../../src/report/incident-list.js'
import { VERDICT } from '../../support/incidents.js'

const NOW = Date.parse('2026-11-25T10:01:30.000Z')

function line(n: number, change: Partial<IncidentLine> = {}): IncidentLine {
  return {
    id: `01M89Y8W${n}SZNJ1QQQFK1RR4MS8`,
    path: '/x',
    state: 'sealed',
    createdAt: '2026-11-25T10:00:00.000Z',
    sizeBytes: 16_384,
    service: 'invoices',
    pid: 4711,
    hostname: 'pod-1',
    cwd: '/srv/app',
    trigger: 'loop-silence',
    level: 'warn',
    verdict: VERDICT,
    fingerprint: `${n}`.repeat(16),
    follows: null,
    fault: null,
    ...change,
  }
}

function render(lines: readonly IncidentLine[], width: number | null): string[] {
  const idLength = uniqueIdLength(lines.map((each) => each.id))
  return renderIncidentList(groupIncidents(lines), { color: false, now: NOW, width, idLength }).split('\n')
}

test('lists also those that are not sealed or not readable', () => {
  const lines = [
    line(4),
    line(3, { state: 'partial', verdict: null, fingerprint: null }),
    line(2, { verdict: null, fault: 'incident.json of X is corrupt', fingerprint: null }),
    line(1, { verdict: { ...VERDICT, kind: 'stopped', cause: null, where: null }, level: 'stall' }),
  ]
  expect(render(lines, null).map((each) => each.split(/\s{2,}/))).toEqual([
    ['ID', 'AGE', 'PID', 'TRIGGER', 'VERDICT', 'PLACE'],
    ['01M89Y8W4', '90 s', '4711', 'loop-silence', 'computing/regexp', 'validate rules.js:18'],
    ['01M89Y8W3', '90 s', '4711', 'loop-silence', '(not sealed)'],
    ['01M89Y8W2', '90 s', '4711', 'loop-silence', 'unreadable', 'incident.json of X is corrupt'],
    ['01M89Y8W1', '90 s', '4711', 'loop-silence!', 'stopped'],
    [''],
  ])
})

test.each([80, 100, 120])('fits %d columns with the longest verdict and a long path', (width) => {
  const where = {
    function: 'chargeTheCardOfTheCustomer',
    file: `/srv/app/${'deep/'.repeat(20)}a.js`,
    line: 12345,
    column: 1,
  }
  const verdict = { ...VERDICT, kind: 'awaiting', cause: 'connection-reused-dead', where } as const
  const lines = render([line(3, { verdict }), line(2, { verdict, fingerprint: '3'.repeat(16) })], width)
  expect(Math.max(...lines.map((each) => each.length))).toBeLessThanOrEqual(width)
  expect(lines.join(' ')).toContain('awaiting/connection-reused-dead')
  expect(lines.join(' ')).toContain('chargeTheCard')
})

test('those of one cause are one row; a second capture of a silence is not counted as another', () => {
  const same = { fingerprint: 'f'.repeat(16) }
  const lines = [
    line(6, { ...same, follows: line(5).id, trigger: 'loop-silence', level: 'stall' }),
    line(5, { ...same, trigger: 'event-loop' }),
    line(4),
    line(3, { ...same, pid: 12, createdAt: '2026-11-24T08:00:00.000Z' }),
  ]
  const [first, second] = groupIncidents(lines)
  expect(first).toMatchObject({ times: 2, processes: 2, ids: [lines[0]?.id, lines[1]?.id, lines[3]?.id] })
  expect(second).toMatchObject({ times: 1, ids: [lines[2]?.id] })
  expect(render(lines, 80).join('\n')).toContain('2 times since Tue')
})

test('the later capture of a silence stands for both, whatever the first one took it for', () => {
  const lines = [line(2, { follows: line(1).id }), line(1, { fingerprint: 'other' })]
  expect(groupIncidents(lines)).toHaveLength(1)
  expect(groupIncidents(lines)[0]?.newest.id).toBe(lines[0]?.id)
})

test('ids are shown as long as it takes to tell them apart', () => {
  expect(uniqueIdLength(['01M89Y8W2SZNJ1QQQFK1RR4MS8'])).toBe(6)
  expect(uniqueIdLength(['01M89Y8W2SZNJ1QQQFK1RR4MS8', '01M89Y8W2SZNJ1QQQFK1RR4MS9'])).toBe(26)
  expect(uniqueIdLength(['01M89Y8W2S', '01M89Y8X2S', '01M80'])).toBe(8)
})
