/**
 * Modules that stand at a top-level await whose promise is gone. Their graph keeps their code, so it outlives what it waits
 * for: a call that nothing can settle is garbage together with its promise, and no reaction leads back to the module.
 */
import type { WaitFacts } from '../../model/wait.js'
import type { AwaitScan } from './await-scan.js'
import type { Suspended } from './suspended.js'

export const LEFT_MODULE: WaitFacts = { kind: 'nothing', why: 'collected' }

/** One that has not begun stands at its first suspension, and waits for what it imports. */
export function isLeftModule({ kind, awaits, continuation }: Suspended): boolean {
  return kind === 'module' && awaits === 0 && continuation > 0
}

/** False where functions or promises may have been missed: what then seems gone was only not read. */
export function wasReadWhole({ cost, suspended }: AwaitScan): boolean {
  return cost.complete && suspended.unread === 0
}
