/** Bytes, times and counts for people: one form wherever a person reads them. */

export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  const units = ['KiB', 'MiB', 'GiB', 'TiB']
  let value = bytes / 1024
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit] ?? ''}`
}

/** `850 ms`, `61.2 s`, `12 min`, `3.5 h`, `4 d`: two or three digits that matter. */
export function formatDuration(ms: number): string {
  const seconds = ms / 1000
  if (seconds < 0.9995) return `${Math.round(ms)} ms`
  if (seconds < 120) return `${trim(seconds)} s`
  if (seconds < 7200) return `${trim(seconds / 60)} min`
  if (seconds < 172_800) return `${trim(seconds / 3600)} h`
  return `${trim(seconds / 86_400)} d`
}

function trim(value: number): string {
  return value < 100 ? String(Number(value.toFixed(1))) : String(Math.round(value))
}

/** `1 bundle`, `2 bundles`, `3 processes` with its own plural. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}
