/** The keys of `top` on a terminal: how to sort, which thread, freeze, from zero, quit. */
import type { ReadStream } from 'node:tty'
import type { TopOrder } from '../model/top.js'

export interface TopView {
  order: TopOrder
  /** Null: all threads, added up. */
  tid: number | null
  frozen: boolean
}

export interface TopKeys {
  readonly quit: () => void
  readonly reset: () => void
  /** Something changed that is to be seen at once. */
  readonly redraw: () => void
  readonly tids: () => readonly number[]
}

const ORDERS: Readonly<Record<string, TopOrder>> = { o: 'own', t: 'total', O: 'own-time', T: 'total-time' }
const CTRL_C = '\u0003'
const CTRL_D = '\u0004'

/** Changes `view` as keys are pressed. @returns what gives the terminal back; nothing is taken where there is none. */
export function listenToKeys(input: ReadStream, view: TopView, keys: TopKeys): () => void {
  if (!input.isTTY) return () => undefined
  const pressed = (chunk: Buffer): void => {
    for (const key of chunk.toString('utf8')) press(key, view, keys)
  }
  input.setRawMode(true)
  input.on('data', pressed)
  input.resume()
  return () => {
    input.off('data', pressed)
    input.setRawMode(false)
    input.pause()
  }
}

export function press(key: string, view: TopView, keys: TopKeys): void {
  const order = Object.hasOwn(ORDERS, key) ? ORDERS[key] : undefined
  if (key === 'q' || key === CTRL_C || key === CTRL_D) keys.quit()
  else if (order !== undefined) view.order = order
  else if (key === ' ' || key === 'f') view.frozen = !view.frozen
  else if (key === 'r') keys.reset()
  else if (key === 'd') {
    const tids: readonly (number | null)[] = [null, ...keys.tids()]
    view.tid = tids[(tids.indexOf(view.tid) + 1) % tids.length] ?? null
  } else return
  keys.redraw()
}
