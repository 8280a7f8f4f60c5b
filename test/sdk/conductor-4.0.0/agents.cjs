'use strict'
void require('../run-agents.cjs').runAgents(require('@io-orkes/conductor-javascript/agents'))
