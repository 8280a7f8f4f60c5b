#!/usr/bin/env node
void require('../dist/cli/main.js').main(process.argv)
