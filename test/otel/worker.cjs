// A worker with a real OpenTelemetry SDK, as an application sets it up, that holds what is exported and prints it on
// SIGUSR2. usage: worker.cjs wait|loop
//   wait: a task, in a span, awaits what never comes, while its loop's heartbeat is silent. loop: computes for ever.
'use strict'
const { trace, metrics, context } = require('@opentelemetry/api')
const { logs } = require('@opentelemetry/api-logs')
const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks')
const { resourceFromAttributes } = require('@opentelemetry/resources')
const { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } = require('@opentelemetry/sdk-logs')
const {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} = require('@opentelemetry/sdk-metrics')
const { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-base')

const resource = resourceFromAttributes({ 'service.name': 'billing', 'deployment.environment.name': 'test' })
const spans = new InMemorySpanExporter()
const records = new InMemoryLogRecordExporter()
const points = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
trace.setGlobalTracerProvider(new BasicTracerProvider({ resource, spanProcessors: [new SimpleSpanProcessor(spans)] }))
logs.setGlobalLoggerProvider(new LoggerProvider({ resource, processors: [new SimpleLogRecordProcessor(records)] }))
const reader = new PeriodicExportingMetricReader({ exporter: points, exportIntervalMillis: 1e8 })
metrics.setGlobalMeterProvider(new MeterProvider({ resource, readers: [reader] }))

const { heartbeat } = require('../../dist/api.js')
const [how] = process.argv.slice(2)
const waiting = []

async function charge(trace) {
  await new Promise((resolve) => waiting.push(resolve))
  return trace
}

async function poll() {
  const beat = heartbeat('invoices')
  for (let i = 0; i < 20; i++) {
    beat()
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  await trace.getTracer('app').startActiveSpan('charge', async (span) => {
    process.stdout.write(`stuck ${span.spanContext().traceId} ${span.spanContext().spanId}\n`)
    await charge(span)
  })
}

async function tell() {
  await reader.forceFlush()
  const told = {
    spans: spans.getFinishedSpans().map(({ name, attributes, links, status, startTime, endTime, resource }) => ({
      name,
      attributes,
      links,
      status,
      ms: (endTime[0] - startTime[0]) * 1e3 + (endTime[1] - startTime[1]) / 1e6,
      resource: resource.attributes,
    })),
    records: records
      .getFinishedLogRecords()
      .map(({ eventName, body, severityText, attributes }) => ({ eventName, body, severityText, attributes })),
    metrics: points
      .getMetrics()
      .at(-1)
      ?.scopeMetrics.flatMap(({ scope, metrics }) =>
        metrics.map(({ descriptor, dataPoints }) => ({
          scope: scope.name,
          name: descriptor.name,
          points: dataPoints.map(({ value, attributes }) => ({ value, attributes })),
        })),
      ),
  }
  process.stdout.write(`told ${JSON.stringify(told)}\n`)
}
process.on('SIGUSR2', () => void tell())
setInterval(() => {}, 1000)
process.stdout.write('up\n')
if (how === 'wait') poll()
if (how === 'loop')
  setTimeout(function compute() {
    for (;;);
  }, 3000)
