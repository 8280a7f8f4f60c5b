import type { V8Family } from './layout.js'

/**
 * The header of a safepoint table, in bytes: the entry count, then the configuration, 32 bits each, then the entries.
 * From 13.6 on the number of stack slots comes before (src/codegen/safepoint-table.h, kHeaderSize). Maglev's table
 * (src/codegen/maglev-safepoint-table.h) has had two such numbers all along, one before and one after.
 */
export interface SafepointHeader {
  readonly count: number
  readonly configuration: number
  readonly size: number
}

const SHORT: SafepointHeader = { count: 0, configuration: 4, size: 8 }
const WITH_SLOTS: SafepointHeader = { count: 4, configuration: 8, size: 12 }

export const TURBOFAN_SAFEPOINTS: Readonly<Record<V8Family, SafepointHeader>> = {
  '11.3': SHORT,
  '12.4': SHORT,
  '13.6': WITH_SLOTS,
  '14.6': WITH_SLOTS,
}
export const MAGLEV_SAFEPOINTS: SafepointHeader = { count: 4, configuration: 8, size: 16 }
