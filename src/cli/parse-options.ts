/** Numbers of the command line; what is none is a usage error (64). */
import { InvalidArgumentError } from 'commander'

export function parsePid(text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new InvalidArgumentError('A pid is a number; conductor-diag ps lists them.')
  return Number(text)
}

export function parseWholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('A whole number from 0.')
  return Number(text)
}

export function parseAmount(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value < 0) throw new InvalidArgumentError('A number from 0.')
  return value
}
