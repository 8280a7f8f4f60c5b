import { describe, expect, it } from 'vitest'
import { beforeBody, isStateSwitch, leftForState } from '../../../src/source/state-switch.js'

const TYPESCRIPT = `(_a) {
  switch (_a.label) {
    case 0:
      _a.trys.push([0, , 2, 3]);
      return [4 /*yield*/, Promise.all(list.map(function (x) { return x; }))];
    case 1:
      _a.sent();
      return [3 /*break*/, 3];
    case 2: return [4 /*yield*/, call("case 3: return", function () {
        switch (y.label) { case 3: return [4, z()]; }
      })];
    case 3:
      if (!_a.sent()) return [3 /*break*/, 9];
      _a.label = 4;
    case 4: return [4 /*yield*/, last()];
    case 5: return [2 /*return*/];
  }
}`
const BABEL = `(_context) {
  while (1) switch (_context.p = _context.n) {
    case 0:
      _context.n = 1;
      return first();
    case 1:
      return _context.a(2);
  }
}`

/** The line of the text that the function has left from. */
function leftIn(text: string, label: number): string | null {
  const at = leftForState(text, label)
  return at < 0 ? null : (text.slice(at).split('\n')[0] ?? null)
}

describe('a function of all steps', () => {
  it.each([
    [1, 'return [4 /*yield*/, Promise.all(list.map(function (x) { return x; }))];'],
    [3, 'return [4 /*yield*/, call("case 3: return", function () {'],
    [5, 'return [4 /*yield*/, last()];'],
    // Nothing leads there by leaving.
    [4, 'return [3 /*break*/, 9];'],
    [0, null],
    [7, null],
  ])('has left for state %i from %s', (label, line) => {
    expect(leftIn(TYPESCRIPT, label)).toBe(line)
  })

  it.each([
    [BABEL, 'return first();'],
    [BABEL.replaceAll('_context.p = _context.n', '_context.prev = _context.next'), 'return first();'],
    ['(t){for(;;)switch(t.n){case 0:return t.n=1,a(function(){return 2});case 1:return t.a(2)}}', null],
  ])('is regenerator’s as well: %#', (text, line) => {
    expect(isStateSwitch(text)).toBe(true)
    expect(leftForState(text, 1)).toBe(text.indexOf(line ?? 'return'))
  })

  it.each([
    ['another word', '(action) { switch (action.type) { case 0: return 1; case 1: return 2 } }'],
    ['another variable', '(_a) { switch (state.label) { case 0: return 1; case 1: return 2 } }'],
    ['no switch', '(_a) { return _a.label }'],
  ])('is none with %s', (_, text) => {
    expect(isStateSwitch(text)).toBe(false)
    expect(leftForState(text, 1)).toBe(-1)
  })
})

describe('the text before it', () => {
  it.each([
    [
      'take = function (sku) { return __awaiter(this, void 0, void 0, function () {\n var a, b;\n return __generator(this, function ',
      'take = function (sku) { return __awaiter(this, void 0, void 0, function* ',
    ],
    [
      'function take() { return _async_to_generator(function() { return _ts_generator(this, function',
      'function take() { return _async_to_generator(function* ',
    ],
    [
      '_take = _asyncToGenerator(/*#__PURE__*/_regenerator().m(function _callee(sku) { var a; return _regenerator().w(function ',
      '_take = _asyncToGenerator(function* ',
    ],
    [
      '_take = _asyncToGenerator(/*#__PURE__*/regeneratorRuntime.mark(function _callee() { return regeneratorRuntime.wrap(function _callee$',
      '_take = _asyncToGenerator(function* ',
    ],
    ['other(function () { return run(this, function ', null],
  ])('%s', (head, before) => {
    expect(beforeBody(head)).toBe(before)
  })
})
