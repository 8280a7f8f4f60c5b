/**
 * The thread control block of glibc on x86-64 (`struct pthread`, nptl/descr.h). Its first word and its third point to
 * itself (tcbhead_t of sysdeps/x86_64/nptl/tls.h: tcb, dtv, self): that is what it is recognised by.
 *
 * The default offsets are those of glibc 2.31 to 2.36; when they don't fit, votes over the known thread ids and over
 * exact function starts find them (thread-blocks.ts). musl has other blocks: none is found there, and callers say so.
 */
export const THREAD_BLOCK = {
  align: 64,
  self: 0,
  selfAgain: 16,
  /** pid_t tid. */
  tid: 720,
  /** void *(*start_routine)(void *). */
  startRoutine: 1592,
  /** Where the votes look. */
  tidFrom: 64,
  tidTo: 2048,
  startFrom: 768,
  startTo: 2304,
} as const
