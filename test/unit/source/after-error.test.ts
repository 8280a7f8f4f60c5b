import { describe, expect, it } from 'vitest'
import { afterError } from '../../../src/source/after-error.js'

/** Of a function whose parameters begin the text, at the await with `HERE`. */
function at(text: string, name: string | null = 'poll'): ReturnType<typeof afterError> {
  const here = text.indexOf('HERE')
  return afterError(text, text.lastIndexOf('await', here), name)
}

describe('a function that waits after an error', () => {
  it.each([
    ['() { while (true) { try { await call() } catch { await sleep(HERE) } } }'],
    ['() { for (;;) { try { return await call() } catch (error) { if (n++ > 3) throw error; await sleep(HERE) } } }'],
    [
      '() { for await (const x of list()) { try { await use(x) } catch ({ code }) { log(`}`, code); await sleep(HERE) } } }',
    ],
    ['(n) { do { try { await call() } catch (e) { await sleep(HERE) } } while (n--) }'],
    ['() { for (;;) { try { return await call() } catch (e) { last = e } await sleep(HERE) } }'],
    [
      '() { for (;;) {\n try {\n const got = await call()\n if (got) {\n use()\n }\n return got\n } catch (e) {\n last = e\n }\n await sleep(HERE)\n } }',
    ],
    ['() { while (on) { try { await call(); break } catch (e) { log(e) } await sleep(HERE) } }'],
    ['(n) { try { return await call() } catch { await sleep(HERE); return poll(n + 1) } }'],
  ])('tries again: %s', (text) => {
    expect(at(text)).toBe('again')
  })

  it.each([
    ['on the usual way of a loop', '() { for (;;) { await call(); await sleep(HERE) } }', 'loop'],
    [
      'behind a try that goes on',
      '() { for (;;) { try { await call() } catch (e) { log(e) } await sleep(HERE) } }',
      'loop',
    ],
    [
      'behind a try that returns in the middle',
      '() { for (;;) { try { if (done) return; await call() } catch {} await sleep(HERE) } }',
      'loop',
    ],
    [
      'in a loop of its own in the catch',
      '() { try { await use() } catch { for (;;) { await poll(); await sleep(HERE) } } }',
      'loop',
    ],
    ['in a loop without braces', '() { while (!ready) await sleep(HERE) }', 'loop'],
    ['in a catch once', '() { try { await call() } catch (e) { await report(HERE) } }', 'once'],
    [
      'in what a function in the catch does',
      '() { for (;;) { try { a() } catch { run(async () => { await sleep(HERE) }) } } }',
      null,
    ],
    ['in a try', '() { try { await call(HERE) } catch (e) { throw new Error(e) } }', null],
    ['with the word in a text alone', '() { log("for (;;) { try {} catch {"); await sleep(HERE) }', null],
  ])('does not %s', (_, text, answer) => {
    expect(at(text)).toBe(answer)
  })
})
