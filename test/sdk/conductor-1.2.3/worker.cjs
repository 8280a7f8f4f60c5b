'use strict'
void require('../run-worker.cjs').runWorker(require('@io-orkes/conductor-javascript'))
