/**
 * What whoever runs a worker can do about something that its own agent could not have. The engines advise the person at
 * a terminal who looks at another process: run it as root, take another engine. Nobody is there inside, memory and
 * inspector are both tried anyway, and what helps is a setting, another build of Node, or a look from outside.
 */
import { StallError, type StallErrorCode } from '../model/stall-error.js'

const MORE_TIME =
  'It had no time left: warn earlier (CONDUCTOR_STALL_WARN_SECONDS), or wait longer before the end (CONDUCTOR_STALL_GRACE_SECONDS).'
const FROM_OUTSIDE = 'while the worker lasts: sudo conductor-diag dump PID'

const BY_CODE: Partial<Readonly<Record<StallErrorCode, string>>> = {
  ERR_STALL_PERMISSION: `A process may read itself unless it was made undumpable (file capabilities, a changed user); from outside, ${FROM_OUTSIDE}`,
  ERR_STALL_MEMORY_UNREADABLE: `Stacks and awaits need /proc and an official build of Node, whose symbols are there; from outside, ${FROM_OUTSIDE}`,
  ERR_STALL_V8_LAYOUT_UNKNOWN:
    'Run an official build of Node 20, 22, 24 or 26, or look from outside, where a build can be learnt: conductor-diag dump PID --calibrate',
  ERR_STALL_TIMEOUT: MORE_TIME,
  ERR_STALL_NOT_REACHED: MORE_TIME,
  ERR_STALL_NOT_ENABLED: 'CONDUCTOR_STALL_PROFILE_SECONDS and CONDUCTOR_STALL_HEAP_SNAPSHOT decide what is captured.',
}

/** The same error with the help of the place where it is read: a bundle of the agent's. */
export function withHelpInside(error: StallError): StallError {
  const help = error.help.includes('--engine memory')
    ? 'Nothing: stacks and awaits are read from memory all the same (threads.json, awaits.json).'
    : (BY_CODE[error.code] ?? error.help)
  return help === error.help ? error : new StallError(error.code, error.message, { help, cause: error.cause })
}
