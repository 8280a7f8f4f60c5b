/** axe-core in a page that is open: what it finds against people who can't see, or have no mouse. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { Page } from './chromium.js'
import { PROJECT_ROOT } from './nodes.js'

const AXE = path.join(PROJECT_ROOT, 'test/viewers/node_modules/axe-core/axe.min.js')

export interface AxeResult {
  /** `color-contrast: 3 of .soft`. */
  readonly violations: readonly string[]
  /** Names of the rules that were met. */
  readonly passed: readonly string[]
}

/** The frame of the flame graph is another program's page, and left out. */
export async function checkWithAxe({ evaluate }: Pick<Page, 'evaluate'>): Promise<AxeResult> {
  await evaluate(`${readFileSync(AXE, 'utf8')}; null`)
  return (await evaluate(`axe.run(document, { iframes: false, resultTypes: ['violations'] }).then((found) => ({
    violations: found.violations.map(({ id, help, nodes }) =>
      id + ': ' + help + ': ' + nodes.slice(0, 5).map((node) => node.html.slice(0, 200)).join(' | ')),
    passed: found.passes.map(({ id }) => id),
  }))`)) as AxeResult
}
