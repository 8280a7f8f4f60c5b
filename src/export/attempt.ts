/** Evidence comes from a file that anybody may have changed: what can't be read of it must not take the rest along. */
export function attempt<T>(act: () => T, otherwise: T): T {
  try {
    return act()
  } catch {
    return otherwise
  }
}
