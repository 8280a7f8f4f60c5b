// Sentry's SDK with a destination that nobody serves: what it does at an uncaught error is the same with the agent.
const Sentry = require('@sentry/node')
Sentry.init({ dsn: 'http://key@127.0.0.1:9/1', tracesSampleRate: 1 })
console.log('ready')
setTimeout(() => {
  throw new Error('meant')
}, 100)
