import * as sdk from '@io-orkes/conductor-javascript'
import worker from '../run-worker.cjs'

await worker.runWorker(sdk)
