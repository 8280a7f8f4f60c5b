import { describe, expect, it } from 'vitest'
import { compiledName } from '../../../../src/v8/objects/coroutines.js'
import type { Script } from '../../../../src/v8/objects/scripts.js'

/** The name told of the generator whose parameters begin at the mark. */
function nameIn(text: string): string | null {
  const start = text.indexOf('@')
  const script = { source: (from: number, length: number) => text.slice(from, from + length) } as unknown as Script
  return compiledName({ script, start })
}

describe('the name of a compiled async function', () => {
  it.each([
    ['class A { reserve(sku, of = {}) {\n    return __awaiter(this, void 0, void 0, function* @', null],
    ['class A { reserve(sku, of = (1)) {\n    return __awaiter(this, void 0, void 0, function* @', 'reserve'],
    ['const take = (sku) => __awaiter(void 0, void 0, void 0, function* @', 'take'],
    ['take: (sku) => tslib_1.__awaiter(void 0, void 0, void 0, function* @', 'take'],
    ['function take(sku) {\n  return __async(this, null, function* @', 'take'],
    ['function _take() {\n  _take = _asyncToGenerator(function* @', 'take'],
    ['var ref = _async_to_generator(function* @', null],
    [
      'A.prototype.take = function (sku, n) {\n    if (n === void 0) { n = 1; }\n    return __awaiter(this, void 0, void 0, function () {\n        var x;\n        return __generator(this, function @',
      'take',
    ],
    [
      'var take = /*#__PURE__*/function () {\n  var _ref2 = _asyncToGenerator(/*#__PURE__*/_regenerator().m(function _callee2(n) {\n    return _regenerator().w(function @',
      'take',
    ],
    [
      'list.map(/*#__PURE__*/function () { var _ref = _asyncToGenerator(_regenerator().m(function _c(n) { return _regenerator().w(function @',
      null,
    ],
    [
      '_take = _asyncToGenerator(/*#__PURE__*/_regenerator().m(function _callee(n) {\n  return _regenerator().w(function @',
      'take',
    ],
    ['other(); lane.run(() => __awaiter(void 0, void 0, void 0, function* @', null],
  ])('%s', (text, name) => {
    expect(nameIn(text)).toBe(name)
  })
})
