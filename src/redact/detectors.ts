/**
 * Secrets that give themselves away by their shape, wherever they stand in a text. Every expression is bounded and has
 * no nested repetition: this runs on text from a sick process and must not itself become the loop that never ends.
 */

export interface Detector {
  /** Stable name, counted in the manifest. */
  readonly rule: string
  readonly pattern: RegExp
  /** Would take expressions for values. */
  readonly notInCode?: boolean
  /** Replacement by the match and its groups; the whole match is replaced when left out. Null: no secret after all. */
  readonly replace?: (mark: string, match: string, ...groups: string[]) => string | null
}

/** `Basic` is a word too; as a credential it decodes to `user:password`. */
function isBasicCredential(encoded: string): boolean {
  return /^[\u0020-\u007e]*:[\u0020-\u007e]*$/.test(Buffer.from(encoded, 'base64').toString('latin1'))
}

export const DETECTORS: readonly Detector[] = [
  {
    rule: 'private-key',
    // To the end of the text where the closing line was cut off.
    pattern:
      /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:[^-]{0,20000}(?:-----END [A-Z0-9 ]{0,40}-----)?)/g,
  },
  {
    rule: 'url-credentials',
    // Greedy to the last @ before the path: passwords hold @ now and then.
    pattern: /\b([a-z][a-z0-9+.-]{1,20}:\/\/)([^\s/?#'"<>\\`]{1,512})@/gi,
    replace: (mark, _match, scheme) => `${scheme ?? ''}${mark}@`,
  },
  {
    rule: 'header',
    notInCode: true,
    // The whole value: schemes of several words, cookies of several pairs.
    pattern:
      /\b((?:proxy-)?authorization|(?:set-)?cookie2?)(["'\\]{0,2}\s{0,3}:\s{0,3}["'\\]{0,2})([^\r\n"'\\]{1,8000})/gi,
    replace: (mark, _match, name, separator) => `${name ?? ''}${separator ?? ''}${mark}`,
  },
  { rule: 'jwt', pattern: /\beyJ[\w-]{6,4000}\.[\w-]{6,8000}\.[\w-]{0,2000}/g },
  { rule: 'aws-key', pattern: /\b(?:AKIA|ASIA|AGPA|AIDA|AROA|AIPA|ANPA|ANVA|ABIA|ACCA)[A-Z0-9]{16}\b/g },
  { rule: 'github-token', pattern: /\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_\w{22,255})\b/g },
  { rule: 'gitlab-token', pattern: /\bgl(?:pat|ptt|dt|rt|cbt|oas|soat)-[\w-]{20,100}/g },
  { rule: 'slack-token', pattern: /\bxox[abceoprs]-[\w-]{10,250}/g },
  { rule: 'slack-webhook', pattern: /\bhooks\.slack\.com\/(?:services|workflows|triggers)\/[\w/-]{10,200}/g },
  { rule: 'stripe-key', pattern: /\b(?:sk|rk|whsec)_(?:live_|test_)?[A-Za-z0-9]{16,250}/g },
  { rule: 'google-key', pattern: /\b(?:AIza[\w-]{35}|ya29\.[\w-]{20,400}|GOCSPX-[\w-]{20,60})/g },
  { rule: 'npm-token', pattern: /\bnpm_[A-Za-z0-9]{36}\b/g },
  { rule: 'sendgrid-key', pattern: /\bSG\.[\w-]{16,32}\.[\w-]{16,64}/g },
  { rule: 'model-api-key', pattern: /\bsk-(?:proj-|ant-|or-|svcacct-)?[\w-]{20,250}/g },
  {
    rule: 'azure-key',
    pattern: /\b(AccountKey|SharedAccessKey|SharedAccessSignature)=[^;\s"']{8,500}/gi,
    replace: (mark, _match, key) => `${key ?? ''}=${mark}`,
  },
  {
    rule: 'bearer',
    pattern: /\b(Bearer|Basic)(\s{1,3})([A-Za-z0-9._~+/-]{8,8000}={0,2})/gi,
    replace: (mark, _match, scheme = '', space = '', value = '') => {
      const isSecret = scheme.toLowerCase() === 'basic' ? isBasicCredential(value) : /[0-9._~+/=-]/.test(value)
      return isSecret ? `${scheme}${space}${mark}` : null
    },
  },
]
