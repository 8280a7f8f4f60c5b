// A process with as many suspended functions as its argument says, each in a chain of two, and nothing else to do.
'use strict'
const keep = []
async function leaf() {
  await new Promise((resolve) => keep.push(resolve))
}
async function handle() {
  await leaf()
}
for (let i = 0; i < Number(process.argv[2]) / 2; i++) handle()
setInterval(() => undefined, 1_000)
console.log('ready')
