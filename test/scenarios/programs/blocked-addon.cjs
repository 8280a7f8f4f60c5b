// koffi is a native addon like any other: the call below it does not come back.
const koffi = require(`@koromix/koffi-${process.platform}-${process.arch}`)

const pause = koffi.load(null).func('int pause(void)')

function w_readScanner() {
  return pause() // @here
}

async function w_execute(task) {
  if (!task.wedge) return
  task.wedging()
  return w_readScanner()
}
module.exports = { execute: w_execute }
