/**
 * The delivery process: a few minutes after an incident was sealed, on its own, whatever becomes of the worker. What it
 * can't deliver in that time waits for `run`, for the next start of a worker, or for `conductor-diag ship`.
 */
import { spawn } from 'node:child_process'
import { setPriority } from 'node:os'
import { readSettingsWithFile } from '../config/settings-file.js'
import { closeConnections } from './http/http-client.js'
import { openDeliveryLog } from './outbox/delivery-log.js'
import { openSinkHouse } from './registry/registry.js'
import { forgetGone, shipOnce } from './ship.js'

/** How long it stays for what fails; the kernel of a stuck one is ended a little later. */
const PATIENCE_MS = 120_000
const LIFE_MS = 600_000

async function main(): Promise<void> {
  const [step, directory, from = process.cwd()] = process.argv.slice(2)
  if (directory === undefined) return
  if (step === '--launch') {
    spawn(process.execPath, [__filename, '--deliver', directory, from], { stdio: 'ignore', detached: true }).unref()
    return
  }
  setTimeout(() => process.exit(1), LIFE_MS).unref()
  politely()
  const log = openDeliveryLog(directory)
  try {
    const { env } = readSettingsWithFile(process.env)
    const house = openSinkHouse({ env, from })
    for (const warning of house.settings.warnings) log.warn(warning)
    const giveUpAt = performance.now() + PATIENCE_MS
    for (;;) {
      const report = await shipOnce({
        directories: [directory],
        house,
        report: (state, before) => log.state(state, before),
      })
      if (report.busy === 0 && report.nextAt === null) break
      const waitMs = report.busy > 0 ? 1000 : Math.max(100, (report.nextAt ?? 0) - Date.now())
      if (performance.now() + waitMs > giveUpAt) break
      await new Promise((resolve) => setTimeout(resolve, waitMs))
    }
    forgetGone([directory])
  } catch (thrown) {
    log.failure(thrown)
    process.exitCode = 1
  } finally {
    await closeConnections()
  }
}

/** The worker that starts again has more to do with the processor than this. */
function politely(): void {
  try {
    setPriority(10)
  } catch {
    // Not allowed everywhere.
  }
}

void main()
