import { expect, test } from 'vitest'
import { starterOf } from '../../../src/supervise/parent-watch.js'

test.each([
  ['npx', { npm_command: 'exec' }, 'sh\0-c\0conductor-diag run', 'npx'],
  ['a script of npm', { npm_command: 'run-script', npm_lifecycle_event: 'start' }, 'sh\0-c\0x', 'npm'],
  ['a shell with a command', {}, '/bin/sh\0-c\0conductor-diag run -- node worker.js', 'the shell that started it'],
  ['bash -lc', {}, 'bash\0-lc\0exec it', 'the shell that started it'],
  ['a shell in which it was typed', {}, '-bash', null],
  ['a script', {}, 'bash\0start.sh', null],
  ['systemd', {}, '/lib/systemd/systemd\0--user', null],
  ['a program with -c', {}, 'python3\0-c\0x', null],
])('%s', (_title, env, command, expected) => {
  expect(starterOf(env, command)).toBe(expected)
})
