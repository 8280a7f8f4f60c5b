/** Names the tests that passed at their second try: each is a fault, of the product or of the test, that shows now and then. */
import type { Reporter, TestModule } from 'vitest/node'

export default class SecondTries implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const named: string[] = []
    for (const module of modules) {
      for (const test of module.children.allTests('passed')) {
        if (test.diagnostic()?.flaky !== true) continue
        const [reason = ''] = (test.result().errors ?? []).map(({ message }) => message.split('\n')[0] ?? '')
        named.push(`  ${module.relativeModuleId} > ${test.fullName}: ${reason}`)
      }
    }
    if (named.length > 0) console.log(`\nPassed at the second try alone, to be looked into:\n${named.join('\n')}`)
  }
}
