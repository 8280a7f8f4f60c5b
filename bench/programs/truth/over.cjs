// Whether a program has run for TRUTH_SECONDS; without it, it runs until it is ended.
'use strict'
const seconds = Number(process.env.TRUTH_SECONDS ?? Infinity)
exports.isOver = () => process.uptime() > seconds
