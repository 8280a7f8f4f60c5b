import { expect, it } from 'vitest'
import { type PermissionFacts, permissionWays } from '../../../src/investigate/permission.js'

const PLAIN: PermissionFacts = {
  pid: 7,
  command: '/usr/bin/node /app/bin/conductor-diag.js',
  ownUid: 1000,
  owner: 1000,
  capabilities: new Set(),
  yama: null,
  inUserNamespace: false,
}

function advice(facts: Partial<PermissionFacts>): Record<string, string> {
  return Object.fromEntries(permissionWays({ ...PLAIN, ...facts }).map((way) => [way.subject, way.advice]))
}

it('sends to the other user first, then to root', () => {
  expect(advice({ owner: 33 })).toMatchObject({
    'as its user': "sudo -u '#33' /usr/bin/node /app/bin/conductor-diag.js dump 7",
    'as root': 'sudo /usr/bin/node /app/bin/conductor-diag.js dump 7',
  })
})

it("names the sysctl and the parent's way where Yama lets parents only", () => {
  const ways = advice({ yama: '1' })
  expect(ways).toMatchObject({
    'as its parent': 'conductor-diag run -- node worker.js',
    'by sysctl': 'sudo sysctl kernel.yama.ptrace_scope=0',
  })
  expect(ways['as its user']).toBeUndefined()
})

it('has only the agent inside where Yama lets nobody', () => {
  const ways = permissionWays({ ...PLAIN, yama: '3' })
  expect(ways.map((way) => way.subject)).toEqual(['by sysctl', 'agent inside'])
  expect(ways[0]?.text).toContain('reboot')
})

it('names the capabilities that a root lacks, as in a container', () => {
  const ways = permissionWays({ ...PLAIN, ownUid: 0, capabilities: new Set(['CAP_DAC_READ_SEARCH'] as const) })
  expect(ways.find((way) => way.subject === 'as root')?.text).toBe('root, but without CAP_SYS_PTRACE')
  expect(ways.find((way) => way.subject === 'in a container')?.advice).toContain('--cap-add SYS_PTRACE')
})

it('says that the root of a user namespace is none outside of it', () => {
  const ways = permissionWays({ ...PLAIN, ownUid: 0, owner: 65534, inUserNamespace: true })
  expect(ways.find((way) => way.subject === 'as root')?.text).toContain('user namespace')
})

it.each([null, '0', '1', '2', '3'])('always ends with what needs no permission, with ptrace_scope %s', (yama) => {
  expect(permissionWays({ ...PLAIN, yama }).at(-1)?.subject).toBe('agent inside')
})
