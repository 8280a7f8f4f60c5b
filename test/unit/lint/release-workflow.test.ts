/** Publishing is done by a machine with no more rights than it needs, and only after everything was run. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'

interface Job {
  readonly needs?: string
  readonly permissions: Readonly<Record<string, string>>
  readonly 'timeout-minutes': number
  readonly steps: readonly { readonly run?: string; readonly with?: Readonly<Record<string, unknown>> }[]
}

const file = path.resolve(__dirname, '../../../.github/workflows/release.yml')
const workflow = parse(readFileSync(file, 'utf8')) as {
  readonly permissions: unknown
  readonly jobs: Readonly<Record<'check' | 'publish', Job>>
}

test('a release runs the whole suite and the audit first, then publishes with provenance', () => {
  const { check, publish } = workflow.jobs
  const commands = (job: Job): string => job.steps.map(({ run }) => run ?? '').join('\n')
  expect(commands(check)).toContain('bash .ci/run')
  expect(commands(check)).toContain('npm audit --omit=dev')
  expect(publish.needs).toBe('check')
  expect(commands(publish)).toContain('npm ci --ignore-scripts')
  expect(commands(publish)).toContain('npm publish --provenance')
})

test('nothing of it may write to the repository, and only the publishing job may sign', () => {
  expect(workflow.permissions).toEqual({})
  expect(workflow.jobs.check.permissions).toEqual({ contents: 'read' })
  expect(workflow.jobs.publish.permissions).toEqual({ contents: 'read', 'id-token': 'write' })
  const checkouts = Object.values(workflow.jobs).flatMap(({ steps }) =>
    steps.filter((step) => step.with?.['persist-credentials'] !== undefined),
  )
  expect(checkouts.map((step) => step.with?.['persist-credentials'])).toEqual([false, false])
})
