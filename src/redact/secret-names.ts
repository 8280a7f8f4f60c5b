/** Which names tell that their value is a secret: of variables, options, headers and properties. */

/** Whole words, after splitting `dbPassword`, `DB_PASSWORD`, `x-api-key`. */
const WORDS = new Set([
  'auth',
  'authorization',
  'bearer',
  'cookie',
  'cookies',
  'cred',
  'credential',
  'credentials',
  'creds',
  'cvc',
  'cvv',
  'dsn',
  'jwt',
  'mfa',
  'otp',
  'otps',
  'pass',
  'passcode',
  'passkey',
  'passphrase',
  'passphrases',
  'passwd',
  'password',
  'passwords',
  'pin',
  'pins',
  'psk',
  'pw',
  'pwd',
  'pws',
  'salt',
  'secret',
  'secrets',
  'sess',
  'session',
  'sessions',
  'sid',
  'sig',
  'signature',
  'ssn',
  'token',
  'tokens',
  'totp',
])

/** Anywhere in the name, for those who leave the separators out: `PGPASSWORD`, `authtoken`, `clientsecret`. */
const PARTS =
  /passw(?:or)?d|passphrase|passcode|pincode|secret|sess(?:ion)?id|apikey|authtoken|accesstoken|privatekey|accesskey|connectionstring/

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

/** Names that match and are no secrets: a socket's path, counts, a desktop's session. */
const HARMLESS = new Set([
  'ssh_auth_sock',
  'max_tokens',
  'maxtokens',
  'author',
  'signature_algorithm',
  'xdg_session_id',
  'xdg_session_type',
  'xdg_session_class',
  'desktop_session',
])
/** The shell's folders, which are written so; a variable of a program that is called `pwd` is a password. */
const HARMLESS_AS_WRITTEN = new Set(['PWD', 'OLDPWD'])

function wordsOf(name: string): string[] {
  return (
    name
      .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
      // `OTPCode`, `DBPw`.
      .replace(/([A-Z]{1,50})([A-Z][a-z])/g, '$1 $2')
      .toLowerCase()
      .split(/[^a-z0-9]+/)
      .filter(Boolean)
  )
}

/** Of a property, option, header or query parameter. */
export function isSecretName(name: string): boolean {
  if (name.length > 200 || HARMLESS.has(name.toLowerCase()) || HARMLESS_AS_WRITTEN.has(name)) return false
  const words = wordsOf(name)
  // `pass1`, `pw2`: the second of its kind is one too.
  if (words.some((word) => WORDS.has(word) || WORDS.has(word.replace(/\d{1,3}$/, ''))) || PARTS.test(words.join('')))
    return true
  const last = words.at(-1)
  const owner = words.at(-2)
  return (last === 'key' || last === 'keys') && owner !== undefined && KEY_OWNERS.has(owner)
}

/** Whether it ends in `key`: of an order, of a cache, or to something. */
export function isKeyName(name: string): boolean {
  if (name.length > 200) return false
  const last = wordsOf(name).at(-1)
  return last === 'key' || last === 'keys'
}

/** Of an environment variable: there every name that ends in KEY counts (`STRIPE_KEY`, `COOKIE_KEYS`). */
export function isSecretVariable(name: string): boolean {
  return isSecretName(name) || isKeyName(name)
}
