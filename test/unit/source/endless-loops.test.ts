import { expect, test } from 'vitest'
import { endlessLoops } from '../../../src/source/endless-loops.js'

/** Its function's name, and the word behind `await`. */
const told = (text: string): string[] =>
  endlessLoops(text).map((loop) => `${loop.function ?? '-'} ${/^await (\w+)/.exec(text.slice(loop.at))?.[1] ?? '?'}`)

test.each([
  ['a function called at the end', 'async function main() {\n  for (;;) {\n    await poll()\n  }\n}\nmain()\n', 'main'],
  ['one that counts', 'async function run() { for (let n = next(1); ; n++) { await poll(n) } }\nvoid run()', 'run'],
  ['a loop of one statement', 'async function main() {\n  while (true) await poll()\n}\nmain().catch(log)', 'main'],
  [
    'an arrow function',
    'const main = async () => {\n  while (1) { try { await poll() } catch { log() } }\n}\nmain()',
    'main',
  ],
  ['with types', 'const main = async (): Promise<void> => {\n  for (;;) { await poll() }\n}\nvoid main()', 'main'],
  ['a function that is called in place', ';(async () => {\n  for (;;) { await poll() }\n})()', '-'],
  ['one with a name', '(async function start() {\n  for (;;) { await poll() }\n})().catch(fail)', 'start'],
  [
    'the main script',
    'async function main() { for (;;) { await poll() } }\nif (require.main === module) main()',
    'main',
  ],
  [
    'with an inner function that returns',
    'async function main() { for (;;) { await poll(() => { return 1 }) } }\nmain()',
    'main',
  ],
  [
    'a method',
    'class Poller {\n  async run() {\n    for (;;) { await poll() }\n  }\n}\nconst p = new Poller()\np.run()',
    'run',
  ],
  [
    'a method of a new object',
    'class Poller {\n  async run() { for (;;) { await poll() } }\n}\nnew Poller(1).run().catch(fail)',
    'run',
  ],
  [
    'a method of a literal',
    'const app = {\n  async start() { for (;;) { await poll() } },\n}\nvoid app.start()',
    'start',
  ],
  [
    'what a started function starts',
    'async function loop() { for (;;) { await poll() } }\nasync function main() {\n  await open()\n  await loop()\n}\nmain()',
    'loop',
  ],
  ['one of several', 'async function loop() { for (;;) { await poll() } }\nPromise.all([health(), loop()])', 'loop'],
])('finds %s', (_name, text, name) => {
  expect(told(text)).toEqual([`${name} poll`])
})

test.each([
  ['that nobody starts', 'async function main() { for (;;) { await poll() } }\nmodule.exports = { main }'],
  [
    'that is started in some processes only',
    'async function main() { for (;;) { await poll() } }\nif (isPrimary) fork()\nelse main()',
  ],
  [
    'that is started behind a condition',
    'async function main() { for (;;) { await poll() } }\nif (process.env.RUN) { main() }',
  ],
  [
    'that is started on the line below a condition',
    'async function main() { for (;;) { await poll() } }\nif (isWorker)\n  main()',
  ],
  ['that is started by one of two', 'async function main() { for (;;) { await poll() } }\nisPrimary ? fork() : main()'],
  [
    'a started function starts sometimes',
    'async function loop() { for (;;) { await poll() } }\nasync function main() { if (on) { loop() } }\nmain()',
  ],
  [
    'of a method that nobody calls',
    'class Poller {\n  async run() { for (;;) { await poll() } }\n}\nmodule.exports = Poller',
  ],
  ['that may be left', 'async function main() { for (;;) { if (await poll()) return } }\nmain()'],
  ['that may be broken off', 'async function main() { for (;;) { if (await poll()) break } }\nmain()'],
  ['with a condition', 'let on = true\nasync function main() { while (on) { await poll() } }\nmain()'],
  ['that begins only sometimes', 'async function main() { if (on) { for (;;) { await poll() } } }\nmain()'],
  [
    'that awaits only in a function of its own',
    'async function main() { for (;;) { go(async () => { await poll() }) } }\nmain()',
  ],
  ['in a text', 'const help = `async function main() { for (;;) { await poll() } }\nmain()`'],
  ['in a comment', '// async function main() { for (;;) { await poll() } }\nmain()'],
  ['of an inner function', 'async function main() { const go = async () => { for (;;) { await poll() } } }\nmain()'],
])('leaves out one %s', (_name, text) => {
  expect(endlessLoops(text)).toEqual([])
})
