/** What a value from outside has to look like before it is read. Pure; fields that nobody asks about may be anything. */

export type Shape = (value: unknown) => boolean

export const text: Shape = (value) => typeof value === 'string'
export const amount: Shape = (value) => typeof value === 'number' && Number.isFinite(value)
export const yesOrNo: Shape = (value) => typeof value === 'boolean'
export const none: Shape = (value) => value === null || value === undefined
export const or =
  (...shapes: readonly Shape[]): Shape =>
  (value) =>
    shapes.some((shape) => shape(value))
export const list =
  (of: Shape, atMost = Number.POSITIVE_INFINITY): Shape =>
  (value) =>
    Array.isArray(value) && value.length <= atMost && value.every((each) => of(each))

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export const record =
  (fields: Readonly<Record<string, Shape>>): Shape =>
  (value) =>
    isRecord(value) && Object.entries(fields).every(([name, shape]) => shape(value[name]))
