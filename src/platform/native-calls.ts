/**
 * Calls into libc, by koffi's binding for this platform. The binding's own package is what is depended on: koffi itself
 * has an install script, which pnpm refuses and npm warns of, and brings nothing else that is used here.
 */
import { createRequire } from 'node:module'

export interface Koffi {
  /** Null: the process itself, which is linked to libc, glibc or musl. */
  load(library: string | null): { func(signature: string): (...args: unknown[]) => unknown }
}

/** Asked around every loading. `enter` false: not now, the process ends. */
export interface LoadGate {
  enter(): boolean
  leave(): void
}

export class LoadingRefused extends Error {}

let gate: LoadGate | null = null

/** Of this thread. */
export function setLoadGate(its: LoadGate): void {
  gate = its
}

/** Around loading and looking up functions. @throws LoadingRefused where the gate is closed */
export function whileLoading<T>(act: () => T): T {
  if (gate?.enter() === false) throw new LoadingRefused('the process is ending')
  try {
    return act()
  } finally {
    gate?.leave()
  }
}

/**
 * Takes the loader's lock, for about 10 ms. Load it late, and not while another thread may hang in that lock.
 * @throws where the optional package is not installed, or has no build for this platform
 */
export function loadKoffi(): Koffi {
  return createRequire(__filename)(`@koromix/koffi-${process.platform}-${process.arch}`) as Koffi
}
