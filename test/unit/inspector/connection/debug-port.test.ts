import { describe, expect, it } from 'vitest'
import { debugPortOf } from '../../../../src/inspector/connection/debug-port.js'
import { nodeOptionsOf } from '../../../../src/platform/runtime/node-options.js'

describe('the debug port of a process', () => {
  it('is found behind options whose value is a word of its own', () => {
    const words = ['--require', 'conductor-stall-agent', '--inspect=127.0.0.1:9377', 'worker.js', '--inspect=1']
    expect(debugPortOf(nodeOptionsOf(words))).toEqual({ port: 9377, requested: true })
  })

  it('is not taken from the arguments of the script', () => {
    expect(debugPortOf(nodeOptionsOf(['worker.js', '--inspect=1']))).toEqual({ port: 9229, requested: false })
    expect(debugPortOf(nodeOptionsOf(['-r', 'x', '--', '--inspect']))).toEqual({ port: 9229, requested: false })
  })

  it('is known before it is open', () => {
    expect(debugPortOf(nodeOptionsOf(['--inspect-port', '9300', 'worker.js']))).toEqual({
      port: 9300,
      requested: false,
    })
  })
})
