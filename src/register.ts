/**
 * The preload: `--require conductor-stall-agent`, `--import conductor-stall-agent/register`, or NODE_OPTIONS. Idempotent,
 * and whatever goes wrong in here is one line on stderr, never the worker's trouble.
 */
import { register } from './agent/main-thread/register.js'

register()
