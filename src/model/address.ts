/** A user-space address: under 2^47, so a plain number holds it exactly. */
export type Address = number & { readonly __address: unique symbol }

/** Exclusive upper bound of user space on x86-64 and (39 to 48 bits) arm64 as Node uses it. */
export const ADDRESS_LIMIT = 2 ** 47

export function toAddress(value: number): Address {
  return value as Address
}
