// A server and a request to it under OpenTelemetry's own preload: the same trace on both sides, and an orderly end.
const http = require('node:http')
const { trace } = require('@opentelemetry/api')

const server = http.createServer((request, response) => {
  const [, id] = (request.headers.traceparent ?? '').split('-')
  response.end(id)
})
server.listen(0, '127.0.0.1', () => {
  trace.getTracer('harm').startActiveSpan('ask', (span) => {
    http.get({ host: '127.0.0.1', port: server.address().port }, (response) => {
      response.setEncoding('utf8').once('data', (id) => {
        console.log(id === span.spanContext().traceId ? 'one trace' : `another trace: ${id}`)
        span.end()
        server.close()
      })
    })
  })
})
