/** `--require conductor-stall-agent`: registers on load. The API, for those who want more, is `conductor-stall-agent/api`. */
import './register.js'

export * from './api.js'
