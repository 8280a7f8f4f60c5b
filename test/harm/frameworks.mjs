// Programs that run other programs, with the agent in every process of theirs (NODE_OPTIONS), beside the same without.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'

const FOLDER = path.join(import.meta.dirname, 'frameworks')
const bin = (name) => path.join(FOLDER, 'node_modules', name)
/** Their output tells how long a thing took, some only where it was slow, and jest what it expects of the next time. */
const withoutTimes = (text) =>
  text.replaceAll(/,? ?(?:estimated )?\(?\d+(?:[.,:]\d+)* ?m?s\b\)?|\d\d:\d\d:\d\d|\b\d+\.\d+\b/g, '')
/** pm2's lines have the time of day, pids and a table of columns as wide as the numbers in them. */
const wordsOf = (text) =>
  [
    ...new Set(
      withoutTimes(text)
        .replaceAll(/[^a-zA-Z\n]+/g, ' ')
        .split('\n'),
    ),
  ]
    .filter((line) => !line.includes('failed to kill'))
    .join('\n')

/** Printed spans have ids that are drawn, times, and ports. */
const spansOf = (text) =>
  text
    .replaceAll(/'[0-9a-f]{16,32}'/g, 'an id')
    .replaceAll(/(timestamp: |duration: |port': |127\.0\.0\.1:)[\d.]+/g, '$1')

const framework = (name, args, more = {}) => ({
  name,
  argv: (node) => [node, ...args],
  cwd: FOLDER,
  env: { NO_COLOR: '1' },
  inherit: true,
  normal: withoutTimes,
  ...more,
})

export const FRAMEWORKS = [
  framework('vitest', [bin('vitest/vitest.mjs'), 'run', '--config', 'vitest.config.mjs']),
  framework('jest, two processes', [
    bin('jest/bin/jest.js'),
    '--rootDir',
    'programs',
    '--testRegex',
    'test.cjs$',
    '-w',
    '2',
  ]),
  framework('mocha', [bin('mocha/bin/mocha.js'), 'programs/sum.test.cjs']),
  framework('tsx', [bin('tsx/dist/cli.mjs'), 'programs/typed.ts']),
  framework('ts-node', [
    bin('ts-node/dist/bin.js'),
    '--transpileOnly',
    '--skipProject',
    '-O',
    '{"module":"commonjs","moduleResolution":"node"}',
    'programs/typed.ts',
  ]),
  framework('@sentry/node, uncaught error', ['programs/sentry.cjs']),
  framework(
    'OpenTelemetry, preloaded',
    ['-r', '@opentelemetry/auto-instrumentations-node/register', 'programs/otel.cjs'],
    {
      // What looks for a cloud's metadata server leaves the machine.
      env: {
        NO_COLOR: '1',
        OTEL_NODE_RESOURCE_DETECTORS: 'none',
        OTEL_TRACES_EXPORTER: 'console',
        OTEL_METRICS_EXPORTER: 'none',
        OTEL_LOGS_EXPORTER: 'none',
      },
      normal: spansOf,
    },
  ),
  framework('pm2-runtime, SIGINT', [bin('pm2/bin/pm2-runtime'), 'start', 'programs/app.cjs'], {
    signal: 'SIGINT',
    marker: 'online',
    normal: wordsOf,
  }),
]

/** Once, outside of the project's own node_modules. Throws where npm can't have them. */
export function installFrameworks() {
  if (existsSync(path.join(FOLDER, 'node_modules'))) return
  const npm = ['ci', '--ignore-scripts', '--no-audit', '--no-fund']
  execFileSync('npm', npm, { cwd: FOLDER, stdio: ['ignore', 'ignore', 'inherit'] })
}
