/**
 * Where node::Environment keeps the counters that tell starvation. Its offsets differ by version, so they are found by
 * shape: AliasedBufferBase (src/aliased_buffer.h) is isolate, count, byte offset, buffer. The first one with 4 doubles
 * are the async ids (AsyncHooks::async_id_fields_: kExecutionAsyncId, kTriggerAsyncId, kAsyncIdCounter,
 * kDefaultTriggerAsyncId), one with 3 words the immediates (ImmediateInfo::fields_: kCount, kRefCount, kHasOutstanding),
 * and the next with 2 bytes the tick info (TickInfo::fields_: kHasTickScheduled, kHasRejectionToWarn). Seen in this
 * order in src/env.h of Node 20, 22, 24 and 26.
 */
export const ALIASED_BUFFER = { isolate: 0, count: 8, byteOffset: 16, buffer: 24, step: 8, bytes: 32 } as const
export const ENVIRONMENT = {
  /** The immediate check handle is a member of Environment: 376 bytes behind its start, 384 on Node 24. */
  maxHandleOffset: 1024,
  /** How much of it is searched for buffers. */
  searchBytes: 16 << 10,
  asyncIds: 4,
  asyncIdCounter: 16,
  immediates: 3,
  tickInfo: 2,
} as const
