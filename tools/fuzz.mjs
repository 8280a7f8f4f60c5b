// npm run fuzz -- --minutes N [--seed S]: damages the corpus for so long, each target for its share. A new seed each time,
// which is printed: with it the same damage comes again.
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '5' }, seed: { type: 'string' } } })
const seed = values.seed ?? String(Date.now() % 2 ** 31)
console.log(`seed ${seed}, ${values.minutes} minutes`)
const { status } = spawnSync('npx', ['vitest', 'run', '--project', 'unit', 'test/unit/fuzz'], {
  stdio: 'inherit',
  env: { ...process.env, STALL_FUZZ_MINUTES: values.minutes, STALL_FUZZ_SEED: seed },
})
process.exit(status ?? 1)
