// Adds jobs to the queue of worker.cjs. argv: LIBRARY URL COUNT. Prints their ids.
'use strict'
const [library, url, count] = process.argv.slice(2)

async function main() {
  const { hostname, port } = new URL(url)
  const queue =
    library === 'bull'
      ? new (require('bull'))('invoices', url)
      : new (require(library).Queue)('invoices', { connection: { host: hostname, port: Number(port) } })
  for (let i = 0; i < Number(count); i++) {
    const job = await (library === 'bull' ? queue.add({ i }) : queue.add('invoice', { i }))
    console.log(job.id)
  }
  await queue.close()
}
void main()
