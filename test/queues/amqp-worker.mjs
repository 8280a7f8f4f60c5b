// amqp-worker.cjs with its library imported. The same arguments.
const { default: imported } = await import(process.argv[2])
globalThis.importedAmqplib = imported
await import('./amqp-worker.cjs')
