/**
 * Once before the integration tests: the servers that some of them run against come from Debian where we may install them.
 * Elsewhere those tests are skipped, with the name of what is missing.
 */
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const SERVERS = ['redis-server', 'postgresql', 'rabbitmq-server']
const HELPER = path.resolve(__dirname, '../fixtures/ticket-servers/server-process.mjs')

export default async function setup(): Promise<void> {
  const { installed } = (await import(pathToFileURL(HELPER).href)) as {
    installed: (packages: readonly string[]) => boolean
  }
  // One by one: what this Debian does not have is no reason to go without the others.
  for (const server of SERVERS) installed([server])
}
