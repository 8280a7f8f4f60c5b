// Async functions as TypeScript compiles them below ES2017: generators that promises step. Locks by key, taken in two orders.
var __awaiter = function (thisArg, _arguments, P, generator) {
  function adopt(value) {
    return value instanceof P
      ? value
      : new P(function (resolve) {
          resolve(value)
        })
  }
  return new (P || (P = Promise))(function (resolve, reject) {
    function fulfilled(value) {
      try {
        step(generator.next(value))
      } catch (e) {
        reject(e)
      }
    }
    function rejected(value) {
      try {
        step(generator['throw'](value))
      } catch (e) {
        reject(e)
      }
    }
    function step(result) {
      result.done ? resolve(result.value) : adopt(result.value).then(fulfilled, rejected)
    }
    step((generator = generator.apply(thisArg, _arguments || [])).next())
  })
}
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
class KeyedLock {
  constructor() {
    this.waiting = new Map()
  }
  acquire(key) {
    return __awaiter(this, void 0, void 0, function* () {
      const queue = this.waiting.get(key)
      if (queue) yield new Promise((resolve) => queue.push(resolve))
      else this.waiting.set(key, [])
      return () => this.release(key)
    })
  }
  release(key) {
    const next = this.waiting.get(key).shift()
    if (next) next()
    else this.waiting.delete(key)
  }
}
class Inventory {
  constructor() {
    this.locks = new KeyedLock()
  }
  w_reserve(sku, partner) {
    return __awaiter(this, void 0, void 0, function* () {
      const release = yield this.locks.acquire(sku) // @here
      try {
        yield pause(20)
        if (partner) yield this.w_reserve(partner)
        return sku
      } finally {
        release()
      }
    })
  }
}
const inventory = new Inventory()

function w_execute(task) {
  return __awaiter(this, void 0, void 0, function* () {
    if (task.wedge) task.wedging()
    if (task.wedge) yield Promise.all([inventory.w_reserve('a', 'b'), inventory.w_reserve('b', 'a')])
    else yield inventory.w_reserve('a', 'b')
  })
}
module.exports = { execute: w_execute }
