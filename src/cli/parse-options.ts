/** Numbers of the command line; what is none is a usage error (64). */
import { InvalidArgumentError } from 'commander'

export function parseWholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('A whole number from 0.')
  return Number(text)
}

export function parseAmount(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value < 0) throw new InvalidArgumentError('A number from 0.')
  return value
}
