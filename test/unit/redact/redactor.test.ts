import { expect, test } from 'vitest'
import { createOpenRedactor, createRedactor } from '../../../src/redact/redactor.js'
import { isSecretName, isSecretVariable } from '../../../src/redact/secret-names.js'

// Put together at run time, so that no scanner takes this file for a leak.
const join = (...parts: string[]): string => parts.join('')
const SECRETS: readonly (readonly [rule: string, secret: string])[] = [
  ['aws-key', join('AKIA', 'IOSFODNN7EXAMPLE')],
  ['github-token', join('ghp_', 'a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8')],
  ['github-token', join('github_pat_', '11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz')],
  ['gitlab-token', join('glpat-', 'abcdefghij0123456789')],
  ['slack-token', join('xoxb-', '123456789012-abcdefABCDEF')],
  ['stripe-key', join('sk_live_', '4eC39HqLyjWDarjtT1zdp7dc')],
  ['google-key', join('AIza', 'SyA1234567890abcdefghijklmnopqrstuv')],
  ['npm-token', join('npm_', 'a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8')],
  ['sendgrid-key', join('SG.', 'abcdefghijklmnopqrstuv.', 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG')],
  ['model-api-key', join('sk-', 'ant-api03-abcdefghijklmnopqrstuvwxyz')],
  ['jwt', join('eyJhbGciOiJIUzI1NiJ9', '.eyJzdWIiOiIxMjM0In0', '.abcDEF123_-')],
  ['private-key', join('-----BEGIN RSA PRIVATE KEY-----\n', 'MIIEow\nIBAAKC\n', '-----END RSA PRIVATE KEY-----')],
]

test.each(SECRETS)('takes a secret of rule %s out of any text and counts it', (rule, secret) => {
  const redactor = createRedactor()
  const text = redactor.text(`before ${secret} after`)
  expect(text).toBe(`before [redacted:${rule}] after`)
  expect(redactor.counts).toEqual({ [rule]: 1 })
})

test.each([
  ['postgres://app:hunter2@db.internal:5432/x', 'postgres://[redacted:url-credentials]@db.internal:5432/x'],
  ['redis://:p@ss@cache:6379', 'redis://[redacted:url-credentials]@cache:6379'],
  ['mongodb+srv://u:p@h1,h2/db', 'mongodb+srv://[redacted:url-credentials]@h1,h2/db'],
  ['see https://example.test/@scope/name', 'see https://example.test/@scope/name'],
  ['Authorization: Bearer abc.def-123456', 'Authorization: [redacted:header]'],
  ['retry with Bearer abc.def-123456 now', 'retry with Bearer [redacted:bearer] now'],
  ['Cookie: sid=abc; theme=dark\nHost: h', 'Cookie: [redacted:header]\nHost: h'],
  ['{"authorization":"Digest a=b, c=d","x":1}', '{"authorization":"[redacted:header]","x":1}'],
  ['{"password":"hunter2","user":"u"}', '{"password":"[redacted:key-name]","user":"u"}'],
  ["{ apiKey: 'abc', region: 'eu' }", "{ apiKey: '[redacted:key-name]', region: 'eu' }"],
  ['connect host=db password=hunter2 user=app', 'connect host=db password=[redacted:key-name] user=app'],
  ['GET /x?access_token=abc&page=2', 'GET /x?access_token=[redacted:key-name]&page=2'],
  [
    'Endpoint=sb://x/;SharedAccessKey=abcdefghijkl=;Path=q',
    'Endpoint=sb://x/;SharedAccessKey=[redacted:azure-key];Path=q',
  ],
  ['url: "http://h:80/poll?api_key=abc&n=1"', 'url: "http://h:80/poll?api_key=[redacted:key-name]&n=1"'],
  ['x=a:token=abc;b', 'x=a:token=[redacted:key-name];b'],
  ['sh -c run --password hunter2 --port 80', 'sh -c run --password [redacted:key-name] --port 80'],
  ['run --token "a b" -p', 'run --token [redacted:key-name] -p'],
  ['--secret --verbose', '--secret --verbose'],
  ['Basic authentication failed', 'Basic authentication failed'],
  ['the bearer certificate', 'the bearer certificate'],
  ['password: undefined, token=null', 'password: undefined, token=null'],
  ['sortKey=abc author=me keyboard=de', 'sortKey=abc author=me keyboard=de'],
])('text %j becomes %j', (input, expected) => {
  expect(createRedactor().text(input)).toBe(expected)
})

test('takes Basic credentials, which decode to user and password', () => {
  const encoded = Buffer.from('user:password').toString('base64')
  expect(createRedactor().text(`Basic ${encoded}`)).toBe('Basic [redacted:bearer]')
})

test('leaves code readable and still takes literals out of it', () => {
  const redactor = createRedactor()
  expect(redactor.text('const token = await nextToken(secret)', { code: true })).toBe(
    'const token = await nextToken(secret)',
  )
  expect(redactor.text('headers: { authorization: bearer(), x }', { code: true })).toBe(
    'headers: { authorization: bearer(), x }',
  )
  expect(redactor.text("const password = 'hunter2'", { code: true })).toBe("const password = '[redacted:key-name]'")
  expect(redactor.text('const password = `hunter2`', { code: true })).toBe('const password = `[redacted:key-name]`')
  expect(redactor.text('const password = `${user}-${next()}`', { code: true })).toContain('${user}-${next()}')
  expect(redactor.text('fetch(`http://h/x?token=abc&n=${n}`)', { code: true })).toBe(
    'fetch(`http://h/x?token=[redacted:key-name]&n=${n}`)',
  )
})

test('drops query, fragment and credentials of a URL', () => {
  const redactor = createRedactor()
  expect(redactor.url('http://u:p@10.0.0.5:8080/api/tasks/poll?workerid=1&key=2#x')).toBe(
    'http://[redacted:url-credentials]@10.0.0.5:8080/api/tasks/poll',
  )
  expect(redactor.url('http://10.0.0.5/api#x')).toBe('http://10.0.0.5/api')
  expect(redactor.counts).toEqual({ 'url-query': 1, 'url-credentials': 1 })
})

test('redacts an environment by name, by shape and by looking random', () => {
  const env = {
    PATH: '/usr/local/bin:/usr/bin',
    PWD: '/srv/app',
    NODE_ENV: 'production',
    CONDUCTOR_SERVER_URL: 'https://conductor.example.test/api',
    CONDUCTOR_AUTH_KEY: 'id',
    CONDUCTOR_AUTH_SECRET: 'x',
    PGPASSWORD: 'x',
    STRIPE_KEY: 'x',
    DATABASE_URL: 'postgres://u:p@h/db',
    SOMETHING: 'q9Zx81LmPw04Rt77YbNc55KdQe',
    GIT_COMMIT: 'ab12cd3400000000000000000000000000000001',
    POD_NAME: 'invoice-worker-7d9f8b6c5-x2k4j',
    KUBERNETES_SERVICE_HOST: '10.0.0.1',
    EMPTY_TOKEN: '',
    UNSET: undefined,
  }
  const redactor = createRedactor()
  expect(redactor.environment(env)).toEqual({
    PATH: '/usr/local/bin:/usr/bin',
    PWD: '/srv/app',
    NODE_ENV: 'production',
    CONDUCTOR_SERVER_URL: 'https://conductor.example.test/api',
    CONDUCTOR_AUTH_KEY: '[redacted:key-name]',
    CONDUCTOR_AUTH_SECRET: '[redacted:key-name]',
    PGPASSWORD: '[redacted:key-name]',
    STRIPE_KEY: '[redacted:key-name]',
    DATABASE_URL: 'postgres://[redacted:url-credentials]@h/db',
    SOMETHING: '[redacted:random-looking]',
    GIT_COMMIT: 'ab12cd3400000000000000000000000000000001',
    POD_NAME: 'invoice-worker-7d9f8b6c5-x2k4j',
    KUBERNETES_SERVICE_HOST: '10.0.0.1',
    EMPTY_TOKEN: '',
  })
  expect(redactor.counts).toEqual({ 'key-name': 4, 'url-credentials': 1, 'random-looking': 1 })
})

test('redacts a command line argument by argument', () => {
  const args = [
    'curl',
    '-u',
    'me:pw',
    '--token',
    'abc',
    '--password=a b',
    '-H',
    'X-Api-Key: abc',
    '--secret',
    '--port',
    '80',
    'DB_PASSWORD=x',
  ]
  expect(createRedactor().argv(args)).toEqual([
    'curl',
    '-u',
    'me:[redacted:key-name]',
    '--token',
    '[redacted:key-name]',
    '--password=[redacted:key-name]',
    '-H',
    'X-Api-Key: [redacted:key-name]',
    '--secret',
    '--port',
    '80',
    'DB_PASSWORD=[redacted:key-name]',
  ])
})

test('leaves a program on the command line readable, without its secrets', () => {
  const code = "const secretish = 5; setInterval(() => use(secretish), 1e3); login({ password: 'hunter2' })"
  expect(createRedactor().argv(['node', '-e', code, '--token', 'abc'])).toEqual([
    'node',
    '-e',
    "const secretish = 5; setInterval(() => use(secretish), 1e3); login({ password: '[redacted:key-name]' })",
    '--token',
    '[redacted:key-name]',
  ])
})

test('walks values at any depth, cuts circles, and leaves the original alone', () => {
  const value: Record<string, unknown> = {
    user: { name: 'n', password: 'hunter2', passwords: ['a', 'b'] },
    note: 'token=abc',
    pin: 12,
    passCount: 3,
  }
  value['self'] = value
  const before = structuredClone(value)
  expect(createRedactor().value(value)).toEqual({
    user: { name: 'n', password: '[redacted:key-name]', passwords: ['[redacted:key-name]', '[redacted:key-name]'] },
    note: 'token=[redacted:key-name]',
    pin: '[redacted:key-name]',
    passCount: '[redacted:key-name]',
    self: '[circular]',
  })
  expect(value).toEqual(before)
})

test.each([
  'password',
  'DB_PASS',
  'dbPassword',
  'PGPASSWORD',
  'x-api-key',
  'apikey',
  'accessKeyId'.replace('Id', ''),
  'AUTH_TOKEN',
  'session_id'.replace('session_id', 'connect.sid'),
  'Set-Cookie',
  'clientSecret',
  'privateKey',
  'SENTRY_DSN',
  'pw',
  'pwd',
  'pass',
  'passphrase',
  'otp',
  'pin',
  'cookie',
  'session',
  'auth',
  'dbPw',
  'db_pw',
  'DB_PWD',
  'userPass',
  'user_pass2',
  'OTPCode',
  'userPIN',
  'pinCode',
  'pin_code',
  'sessionCookie',
  'session_id',
  'jsessionid',
  'authHeader',
  'DBPw',
  'cookies',
  'pw1',
])('takes %s for the name of a secret', (name) => expect(isSecretName(name)).toBe(true))

test.each([
  'author',
  'PWD',
  'keyboard',
  'monkey',
  'cacheKey',
  'compass',
  'tokenizer',
  'passenger',
  'max_tokens',
  'key',
  'SSH_AUTH_SOCK',
  'assignature',
  'OLDPWD',
  'spin',
  'pinned',
  'ping',
  'shipping',
  'opinion',
  'authority',
  'authors',
  'passage',
  'passed',
  'obsession',
  'hotpot',
  'cookieless',
])('does not take %s for the name of a secret', (name) => expect(isSecretName(name)).toBe(false))

test('takes every variable that ends in KEY for a secret', () => {
  expect(['STRIPE_KEY', 'COOKIE_KEYS', 'KEY'].map(isSecretVariable)).toEqual([true, true, true])
  expect(isSecretVariable('KEYBOARD')).toBe(false)
})

test.each([
  ['letters', 'a'.repeat(2_000_000)],
  ['dots and dashes', 'a.-'.repeat(700_000)],
  ['quotes', 'k="'.repeat(600_000)],
  ['backslashes', `password="${'\\'.repeat(1_000_000)}`],
  ['URLs without an end', 'http://a'.repeat(250_000)],
  ['key beginnings', '-----BEGIN PRIVATE KEY-----'.repeat(40_000)],
  ['JWT beginnings', 'eyJabcdef.'.repeat(200_000)],
  ['bearers', 'Bearer '.repeat(300_000)],
  ['spaces', `token${' '.repeat(1_000_000)}`],
])('reads 2 MB of %s in time that grows with its length', (_what, text) => {
  const started = performance.now()
  createRedactor().text(text)
  // Quadratic work would take minutes; a loaded machine a few seconds.
  expect(performance.now() - started).toBeLessThan(15_000)
})

test('the open one changes nothing and counts nothing', () => {
  const open = createOpenRedactor()
  expect(open.environment({ TOKEN: 'x', UNSET: undefined })).toEqual({ TOKEN: 'x' })
  expect(open.argv(['--token', 'x'])).toEqual(['--token', 'x'])
  expect(open.url('http://u:p@h/?a')).toBe('http://u:p@h/?a')
  expect(open.counts).toEqual({})
})

test('shows no text of a variable whose name is not known, and judges those inside by theirs', () => {
  const redactor = createRedactor()
  const mark = '"[redacted:unnamed]"'
  expect(redactor.named('register 3', '"hunter2"')).toBe(mark)
  expect(redactor.named('argument 0', '"cut of')).toBe(mark)
  expect(redactor.named('register 0', '["a", "b\\"c", 3]')).toBe(`[${mark}, ${mark}, 3]`)
  expect(redactor.named('register 1', 'Order {id: 7, state: "open", pw: "x"}')).toBe(
    'Order {id: 7, state: "open", pw: "[redacted:key-name]"}',
  )
  expect(redactor.named('register 1', '42')).toBe('42')
  expect(redactor.named('register', '"a plain name"')).toBe('"a plain name"')
})

test('hides what is called a key where it looks like one, and no key of a map', () => {
  const redactor = createRedactor()
  const mark = '[redacted:random-looking]'
  const material = 'Zt5Lm2Np8Rv4Bk6Xq7Wd3Hs9Jc1Gf0Ty'
  expect(redactor.named('key', `"${material}"`)).toBe(mark)
  expect(redactor.named('key', `"${material}${material}..."`)).toBe(mark)
  expect(redactor.named('stripeKey', material)).toBe(mark)
  expect(redactor.value({ key: material, keys: [material] })).toEqual({ key: mark, keys: [mark] })
  expect(redactor.named('key', `"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"`)).toBe(mark)
  for (const shown of [
    '"order:1234"',
    '"invoices-by-customer-and-month"',
    '42',
    '"a94a8fe5ccb19ba61c4c0873d391e987982fbbd3"',
  ]) {
    expect(redactor.named('key', shown)).toBe(shown)
    expect(redactor.named('cacheKey', shown)).toBe(shown)
  }
  // By its name alone.
  for (const name of ['apiKey', 'API_KEY', 'api-key', 'apikey', 'xApiKey']) {
    expect(redactor.named(name, '"short"')).toBe('[redacted:key-name]')
  }
  // A name that says nothing of keys.
  expect(redactor.named('id', `"${material}"`)).toBe(`"${material}"`)
})

test('leaves the place in a source file whose name sounds like a secret, and takes out what is one', () => {
  const redactor = createRedactor()
  expect(redactor.text('refresh (auth/token.js:12) waits, at session.mjs:3:14')).toBe(
    'refresh (auth/token.js:12) waits, at session.mjs:3:14',
  )
  expect(redactor.text('token.js=hunter2')).toBe('token.js=[redacted:key-name]')
  expect(redactor.text('token: 123456')).toBe('token: [redacted:key-name]')
})
