#!/usr/bin/env node
require('../dist/cli/compile-cache.js').useCompileCache(process.env)
void require('../dist/cli/main.js').main(process.argv)
