import * as sdk from '@io-orkes/conductor-javascript/agents'
import worker from '../run-agents.cjs'

await worker.runAgents(sdk)
