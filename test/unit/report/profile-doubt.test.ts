import { expect, test } from 'vitest'
import type { Evidence } from '../../../src/model/evidence.js'
import { profileDoubt } from '../../../src/report/profile-doubt.js'
import { VERDICT } from '../../support/incidents.js'

function withHot(...hot: { function: string; share: number; file?: string }[]): Evidence {
  const profile = { hot: hot.map((each) => ({ file: '/srv/app/rules.js', line: 1, ...each })) }
  return { profile } as unknown as Evidence
}

test('tells which is right where the profile names the caller of what the stacks show', () => {
  expect(profileDoubt(withHot({ function: 'pollOnce', share: 1 }), VERDICT)).toMatch(
    /100 % of its time to pollOnce, the stacks show validate: the stacks are right/,
  )
})

test('says nothing where they agree, where nothing is hot, and of what does not compute', () => {
  expect(profileDoubt(withHot({ function: 'validate', share: 0.4 }, { function: 'x', share: 0.5 }), VERDICT)).toBeNull()
  expect(profileDoubt(withHot({ function: 'x', share: 0.05 }), VERDICT)).toBeNull()
  expect(profileDoubt(withHot({ function: 'x', share: 1 }), { ...VERDICT, kind: 'awaiting', cause: 'lock' })).toBeNull()
  expect(profileDoubt(null, VERDICT)).toBeNull()
})
