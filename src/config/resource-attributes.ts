/**
 * `OTEL_RESOURCE_ATTRIBUTES`: `key=value` pairs between commas, percent-encoded (OpenTelemetry specification,
 * "Resource SDK", "Specifying resource information via an environment variable").
 */

/** Never throws: what can't be decoded is taken as it stands, a pair without `=` is left out. */
export function parseResourceAttributes(text: string | undefined): ReadonlyMap<string, string> {
  const attributes = new Map<string, string>()
  for (const pair of (text ?? '').split(',')) {
    const equals = pair.indexOf('=')
    if (equals < 1) continue
    attributes.set(decode(pair.slice(0, equals).trim()), decode(pair.slice(equals + 1).trim()))
  }
  return attributes
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // A lone percent sign: people write these by hand.
    return text
  }
}
