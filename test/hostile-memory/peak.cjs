// Loaded into the reader: writes the most memory that it had, in kB, when it ends.
process.on('exit', () => {
  require('node:fs').writeFileSync(process.env.PEAK_TO, String(process.resourceUsage().maxRSS))
})
