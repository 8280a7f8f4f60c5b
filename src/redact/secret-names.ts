/** Which names tell that their value is a secret: of variables, options, headers and properties. */

/** Whole words, after splitting `dbPassword`, `DB_PASSWORD`, `x-api-key`. */
const WORDS = new Set([
  'auth',
  'authorization',
  'bearer',
  'cookie',
  'cookies',
  'cred',
  'creds',
  'credential',
  'credentials',
  'dsn',
  'jwt',
  'otp',
  'pass',
  'passcode',
  'passphrase',
  'passwd',
  'password',
  'passwords',
  'pwd',
  'salt',
  'secret',
  'secrets',
  'sid',
  'sig',
  'signature',
  'token',
  'tokens',
  'totp',
])

/** Anywhere in the name, for those who leave the separators out: `PGPASSWORD`, `authtoken`, `clientsecret`. */
const PARTS = /passw(?:or)?d|passphrase|secret|apikey|authtoken|accesstoken|privatekey|accesskey|connectionstring/

/** What makes a `key` a secret one; `cacheKey` and `sortKey` are none. */
const KEY_OWNERS = new Set([
  'access',
  'account',
  'admin',
  'api',
  'app',
  'auth',
  'aws',
  'client',
  'deploy',
  'encryption',
  'license',
  'master',
  'private',
  'secret',
  'service',
  'sessions',
  'session',
  'shared',
  'signing',
  'ssh',
  'storage',
  'tls',
])

/** Names that match and are no secrets: a folder, a socket's path, counts. */
const HARMLESS = new Set(['pwd', 'oldpwd', 'ssh_auth_sock', 'max_tokens', 'maxtokens', 'author', 'signature_algorithm'])

function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(Boolean)
}

/** Of a property, option, header or query parameter. */
export function isSecretName(name: string): boolean {
  if (name.length > 200 || HARMLESS.has(name.toLowerCase())) return false
  const words = wordsOf(name)
  if (words.some((word) => WORDS.has(word)) || PARTS.test(words.join(''))) return true
  const last = words.at(-1)
  const owner = words.at(-2)
  return (last === 'key' || last === 'keys') && owner !== undefined && KEY_OWNERS.has(owner)
}

/** Of an environment variable: there every name that ends in KEY counts (`STRIPE_KEY`, `COOKIE_KEYS`). */
export function isSecretVariable(name: string): boolean {
  const last = wordsOf(name).at(-1)
  return isSecretName(name) || last === 'key' || last === 'keys'
}
