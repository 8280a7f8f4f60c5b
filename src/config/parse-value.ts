/** One value from its text. Pure; a value that can't be understood is undefined, with the reason beside it. */
import { LOG_FORMATS, LOG_LEVELS, type LogFormat, type LogLevel } from '../model/log-level.js'

export type Parsed<T> = { readonly value: T } | { readonly invalid: string }

/** What a timer of Node can hold (2^31 - 1 ms, 24.8 days): longer ones would fire at once. */
export const LONGEST_TIME_MS = 2_147_483_647

// Decimal only: `0x10` and `Infinity`, which Number() takes, are far more likely mistakes than wishes.
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i

function parseNumber(text: string): number | undefined {
  const trimmed = text.trim()
  if (!DECIMAL.test(trimmed)) return undefined
  const value = Number(trimmed)
  return Number.isFinite(value) ? value : undefined
}

/** Seconds as whole ms. A positive time never becomes 0, which would mean "off". */
export function parseTimeMs(text: string): Parsed<number> {
  const seconds = parseNumber(text)
  if (seconds === undefined) return { invalid: 'is not a number of seconds' }
  if (seconds > LONGEST_TIME_MS / 1000) return { invalid: 'is more than 2147483 seconds' }
  const ms = Math.round(seconds * 1000)
  return { value: seconds > 0 ? Math.max(1, ms) : ms }
}

export function parseCount(text: string): Parsed<number> {
  const value = parseNumber(text)
  if (value === undefined || !Number.isInteger(value) || value < 0) return { invalid: 'is not a whole number from 0' }
  return { value }
}

export function parseMegabytes(text: string): Parsed<number> {
  const value = parseNumber(text)
  if (value === undefined || value < 0 || value > 2 ** 32) return { invalid: 'is not a number of megabytes from 0' }
  return { value: Math.round(value * 2 ** 20) }
}

export function parseBoolean(text: string): Parsed<boolean> {
  switch (text.trim().toLowerCase()) {
    case '1':
    case 'true':
    case 'yes':
    case 'on':
      return { value: true }
    case '0':
    case 'false':
    case 'no':
    case 'off':
      return { value: false }
    default:
      return { invalid: 'is none of 1 true yes on, 0 false no off' }
  }
}

export function parseLogLevel(text: string): Parsed<LogLevel> {
  const wanted = text.trim().toLowerCase()
  const level = LOG_LEVELS.find((known) => known === wanted)
  return level === undefined ? { invalid: `is none of ${LOG_LEVELS.join(', ')}` } : { value: level }
}

export function parseLogFormat(text: string): Parsed<LogFormat> {
  const wanted = text.trim().toLowerCase()
  const format = LOG_FORMATS.find((known) => known === wanted)
  return format === undefined ? { invalid: `is none of ${LOG_FORMATS.join(', ')}` } : { value: format }
}

export function parsePositiveTime(text: string): Parsed<number> {
  const parsed = parseTimeMs(text)
  if ('value' in parsed && parsed.value <= 0) return { invalid: 'is not more than 0 seconds' }
  return parsed
}

export function parseTimeFromZero(text: string): Parsed<number> {
  const parsed = parseTimeMs(text)
  if ('value' in parsed && parsed.value < 0) return { invalid: 'is a negative time' }
  return parsed
}

/** The watchdog's own: 0 and negative both mean off, as in the Python SDK's. */
export function parseWatchdogTime(text: string): Parsed<number> {
  const parsed = parseTimeMs(text)
  return 'value' in parsed ? { value: Math.max(0, parsed.value) } : parsed
}

export function parsePort(text: string): Parsed<number> {
  const parsed = parseCount(text)
  return 'value' in parsed && parsed.value > 65_535 ? { invalid: 'is no port' } : parsed
}

/** Names would have to be looked up, which may block. Not by node:net, which no worker has to load for this. */
const ADDRESS = /^(?:(?:\d{1,3}\.){3}\d{1,3}|[\da-f]*:[\da-f:.]+)$/i

export function parseAddress(text: string): Parsed<string> {
  const wanted = text.trim() === 'localhost' ? '127.0.0.1' : text.trim()
  return ADDRESS.test(wanted) ? { value: wanted } : { invalid: 'is no IP address' }
}
