/**
 * Calls into libc, by koffi's binding for this platform. The binding's own package is what is depended on: koffi itself
 * has an install script, which pnpm refuses and npm warns of, and brings nothing else that is used here.
 */
import { createRequire } from 'node:module'

export interface Koffi {
  /** Null: the process itself, which is linked to libc, glibc or musl. */
  load(library: string | null): { func(signature: string): (...args: unknown[]) => unknown }
}

/**
 * Takes the loader's lock, for about 10 ms. Load it late, and not while another thread may hang in that lock.
 * @throws where the optional package is not installed, or has no build for this platform
 */
export function loadKoffi(): Koffi {
  return createRequire(__filename)(`@koromix/koffi-${process.platform}-${process.arch}`) as Koffi
}
