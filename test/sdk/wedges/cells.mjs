// Which cells there are: wedge x line of the SDK x module system x Node.
import { CONTROLS, WEDGES } from './wedges.mjs'

const SDKS = ['0.0.11', '1.2.3', '2.4.1', '3.1.0', '4.0.0']
const NODES = [20, 22, 24, 26]
const MODULES = ['cjs', 'mjs']
/** Made of the same files by esbuild: on one Node each, in turn. */
const BUNDLES = ['bundle', 'wire']
const chosen = (text, all) => (text === undefined ? all : text.split(','))

/**
 * @param {{sdk?: string, wedge?: string, node?: string, kind?: string, all?: boolean}} wanted
 * @returns without `all` one cell a wedge and line, on the Nodes and modules in turn
 */
export function cellsOf(wanted) {
  const nodes = chosen(wanted.node, NODES).map(Number)
  const kinds = chosen(wanted.kind, [...MODULES, ...BUNDLES])
  const lines = nodes.flatMap((node) => kinds.filter((kind) => MODULES.includes(kind)).map((kind) => ({ node, kind })))
  const cells = []
  let turn = 0
  for (const [list, isControl] of [
    [WEDGES, false],
    [CONTROLS, true],
  ]) {
    for (const [name, wedge] of Object.entries(list)) {
      if (wanted.wedge !== undefined && !name.includes(wanted.wedge)) continue
      for (const sdk of chosen(wanted.sdk, SDKS)) {
        if (wedge.sdks && !wedge.sdks.includes(sdk)) continue
        turn++
        const bundles = kinds.filter((kind) => kind === 'bundle' || (kind === 'wire' && (wedge.wire || isControl)))
        const bundled = bundles.map((kind) => ({ kind, node: nodes[turn % nodes.length] }))
        const all = [...lines, ...bundled]
        const those = wanted.all ? all : all.length === 0 ? [] : [all[(turn * 3) % all.length]]
        for (const line of those) cells.push({ name, wedge, sdk, isControl, ...line })
      }
    }
  }
  return cells
}
