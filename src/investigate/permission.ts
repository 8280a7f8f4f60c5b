/**
 * What would let this command read a process that the kernel refuses: which user, which capability, which sysctl, in
 * containers too. Pure: the facts are handed in, so that each case can be tried on any machine.
 *
 * The kernel's rule (Documentation/admin-guide/LSM/yama.rst, kernel/ptrace.c __ptrace_may_access): the same user, and
 * no capability that we lack, and Yama allows it; or CAP_SYS_PTRACE in the process's user namespace. Opening
 * /proc/PID/mem of another user takes CAP_DAC_READ_SEARCH besides (tried: CAP_SYS_PTRACE alone is refused).
 */

/** By number in include/uapi/linux/capability.h. */
export const CAPABILITIES = { CAP_DAC_READ_SEARCH: 2, CAP_SYS_PTRACE: 19 } as const
export type CapabilityName = keyof typeof CAPABILITIES

export interface PermissionFacts {
  readonly pid: number
  /** How this command is started: a name alone is not found by sudo, whose PATH has no node_modules/.bin. */
  readonly command: string
  /** Of this command. */
  readonly ownUid: number
  /** Of the process. */
  readonly owner: number
  readonly capabilities: ReadonlySet<CapabilityName>
  /** kernel.yama.ptrace_scope; null where there is no Yama. */
  readonly yama: string | null
  /** This command runs in a user namespace of its own, whose capabilities count inside it only. */
  readonly inUserNamespace: boolean
}

export interface Way {
  readonly subject: string
  readonly text: string
  /** A command. */
  readonly advice: string
}

/** Ways in, the least privileged first; the last needs no permission at all. */
export function permissionWays(facts: PermissionFacts): Way[] {
  const ways: Way[] = []
  const { pid, owner, yama } = facts
  const dump = `${facts.command} dump ${pid}`
  const missing = (Object.keys(CAPABILITIES) as CapabilityName[]).filter((name) => !facts.capabilities.has(name))
  const isOther = facts.ownUid !== owner
  if (isOther && (yama === null || yama === '0')) {
    ways.push({
      subject: 'as its user',
      text: `user ${owner} may read it`,
      advice: `sudo -u '#${owner}' ${dump}`,
    })
  }
  if (yama === '1') {
    ways.push({
      subject: 'as its parent',
      text: 'a process may read its own children (ptrace_scope 1): what it starts itself, it can look at',
      advice: 'conductor-diag run -- node worker.js',
    })
    ways.push({
      subject: 'by sysctl',
      text: `kernel.yama.ptrace_scope is 1: with 0 ${isOther ? `user ${owner}` : 'this user'} may read it`,
      advice: 'sudo sysctl kernel.yama.ptrace_scope=0',
    })
  }
  if (yama === '3') {
    ways.push({
      subject: 'by sysctl',
      text: 'kernel.yama.ptrace_scope is 3: nobody may, and only a reboot changes that',
      advice: 'sysctl kernel.yama.ptrace_scope',
    })
  } else if (facts.inUserNamespace) {
    ways.push({
      subject: 'as root',
      text: 'this is a user namespace (a container without root): its capabilities do not count outside of it',
      advice: `on the host: sudo ${dump}`,
    })
  } else if (facts.ownUid !== 0) {
    ways.push({ subject: 'as root', text: 'root may read it', advice: `sudo ${dump}` })
  } else if (missing.length > 0) {
    ways.push({ subject: 'as root', text: `root, but without ${missing.join(' and ')}`, advice: `sudo ${dump}` })
  } else {
    ways.push({
      subject: 'as root',
      text: 'the process belongs to a user namespace that this root has no say in',
      advice: `nsenter --user --target ${pid} ${dump}`,
    })
  }
  if (yama !== '3') {
    ways.push({
      subject: 'in a container',
      text: 'it needs SYS_PTRACE and the pid namespace of the process; in Kubernetes securityContext.capabilities.add and shareProcessNamespace, or kubectl debug --target',
      advice: 'docker run --cap-add SYS_PTRACE --pid container:NAME ...',
    })
  }
  ways.push({
    subject: 'agent inside',
    text: 'reads its own process, with no capability, in containers too',
    advice: 'node --require conductor-stall-agent worker.js',
  })
  return ways
}
