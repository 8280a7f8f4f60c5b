// Makes .oxlintrc.json out of the table of the house. An override of oxlint replaces a rule's options as a whole, so each
// room needs the full list written out: a loop does that, and nobody edits the file by hand.
//   npm run lint:rules
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { FLOORS, OWN_PROCESS } from './house.mjs'

const POOL = "Shares libuv's thread pool with the worker"
/** Every call of node core that runs in libuv's thread pool, which may be what is exhausted. */
const POOL_USERS = [
  { name: 'node:fs/promises', message: `${POOL}: use node:fs synchronously.` },
  { name: 'node:dns', message: `${POOL}.` },
  { name: 'node:dns/promises', message: `${POOL}.` },
  {
    name: 'node:fs',
    importNames: (
      'default promises readFile writeFile appendFile open close read write readv writev stat lstat fstat readdir ' +
      'opendir mkdir rm rmdir unlink rename copyFile cp access exists chmod chown fsync fdatasync ftruncate truncate ' +
      'utimes link symlink readlink realpath mkdtemp watch createReadStream createWriteStream'
    ).split(' '),
    message: `${POOL}: use the Sync form.`,
  },
  {
    name: 'node:crypto',
    importNames: 'default pbkdf2 scrypt randomBytes randomFill generateKey generateKeyPair hkdf subtle webcrypto'.split(
      ' ',
    ),
    message: `${POOL}: use the Sync form.`,
  },
  {
    name: 'node:zlib',
    importNames: (
      'default gzip gunzip deflate inflate brotliCompress brotliDecompress createGzip createGunzip createDeflate ' +
      'createInflate'
    ).split(' '),
    message: `${POOL}: use the Sync form.`,
  },
]

const RULES = {
  'import/no-cycle': 'error',
  'no-console': 'error',
  'typescript/no-explicit-any': 'error',
  'typescript/no-floating-promises': 'error',
  'typescript/no-misused-promises': 'error',
  'no-empty': 'error',
  'unicorn/no-useless-undefined': 'off',
  'no-underscore-dangle': 'off',
  'import/no-unassigned-import': 'off',
  'no-await-in-loop': 'off',
  'typescript/no-unsafe-type-assertion': 'off',
  'unicorn/no-array-sort': 'off',
  'unicorn/consistent-function-scoping': 'off',
  'typescript/consistent-return': 'off',
  'no-shadow': 'off',
  'unicorn/require-post-message-target-origin': 'off',
  'typescript/no-unnecessary-condition': 'off',
  'unicorn/prefer-node-protocol': 'error',
}

/** Rooms that `room` may not import: its neighbours and everything above, and what its own row forbids. */
function forbiddenTo({ room, mayNotImport = [] }, floor) {
  const above = FLOORS.slice(FLOORS.indexOf(floor)).flat()
  return [...above.map((other) => other.room).filter((other) => other !== room), ...mayNotImport]
}

function overrideFor(row, floor) {
  const forbidden = forbiddenTo(row, floor)
  const patterns = [
    {
      regex: `^(\\.\\./)+(${forbidden.join('|')})/`,
      message: `${row.room}/ may import only from lower floors (docs/internals/architecture.md).`,
    },
  ]
  const paths = OWN_PROCESS.includes(row.room) ? [] : POOL_USERS
  return {
    files: [`src/${row.room}/**`],
    rules: {
      'no-restricted-imports': [
        'error',
        { ...(paths.length > 0 && { paths }), ...(forbidden.length > 0 && { patterns }) },
      ],
    },
  }
}

export function lintRules() {
  return {
    $schema: './node_modules/oxlint/configuration_schema.json',
    plugins: ['typescript', 'import', 'unicorn', 'node', 'promise'],
    categories: { correctness: 'error', suspicious: 'error' },
    env: { node: true, es2023: true },
    ignorePatterns: [
      'build',
      'dist',
      'test/fixtures',
      'test/scenarios/programs',
      'test/nodes',
      'test/sdk',
      'schemas',
      'coverage',
    ],
    rules: RULES,
    overrides: [
      { files: ['src/**'], rules: { 'typescript/no-require-imports': 'error' } },
      ...FLOORS.flatMap((floor) => floor.map((row) => overrideFor(row, floor))),
      {
        files: ['test/**', 'bench/**', 'tools/**'],
        rules: { 'no-console': 'off', 'typescript/no-floating-promises': 'off' },
      },
    ],
  }
}

/** One override a line: a changed rule is one line of a diff. */
export function lintRulesText() {
  const { overrides, ...rest } = lintRules()
  const head = JSON.stringify(rest, null, 2).replace(/\n\}$/, '')
  return `${head},\n  "overrides": [\n${overrides.map((one) => `    ${JSON.stringify(one)}`).join(',\n')}\n  ]\n}\n`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(new URL('../.oxlintrc.json', import.meta.url), lintRulesText())
}
