// Under pm2: one that drains when it is told to.
setInterval(() => undefined, 1000)
process.on('SIGINT', () => {
  console.log('drained')
  process.exit(0)
})
