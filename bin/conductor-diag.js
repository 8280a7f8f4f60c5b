#!/usr/bin/env node
const { loadCompiled } = require('../dist/cli/load-compiled.js')
void loadCompiled(require.resolve('../dist/cli/main.js'), require, process.argv[2] ?? '').main(process.argv)
