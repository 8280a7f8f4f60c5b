/** Did the server answer? Whoever answers, be it with an error, can be reached. */

/**
 * A poll of SDK 4 that failed: the client throws the body of an error answer as it came (an object or text, `{}` when
 * it was empty), and an Error when there was no answer: refused, reset, timed out. A body that is no JSON is an answer
 * all the same.
 */
export function wasAnswered(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return true
  if (thrown instanceof SyntaxError) return true
  const { status, statusCode, response } = thrown as { status?: unknown; statusCode?: unknown; response?: unknown }
  if (typeof status === 'number' || typeof statusCode === 'number') return true
  return typeof response === 'object' && response !== null && typeof Reflect.get(response, 'status') === 'number'
}
