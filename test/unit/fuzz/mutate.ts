/** Damage that can be repeated: the same seed makes the same bytes. */

/** xorshift32; the state is never 0. */
export function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

const PIECES = [
  '"',
  '{',
  '[',
  '\0',
  '\n',
  '-1',
  '1e999',
  '9007199254740993',
  'null',
  '\u202e',
  '0x',
  '\\u0000',
  ': &a *a',
  '%s',
].map((text) => Buffer.from(text))
const EXTREMES = [0, 1, 0x7f, 0x80, 0xff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]

/** A copy with 1 to 8 changes: flipped bits, extreme words, pieces put in, cut out, repeated, cut off. */
export function mutate(bytes: Buffer, random: (below: number) => number): Buffer<ArrayBuffer> {
  let data: Buffer<ArrayBuffer> = Buffer.from(bytes)
  for (let left = 1 + random(8); left > 0; left--) {
    const at = random(Math.max(1, data.length))
    const rest = data.subarray(at)
    const length = random(Math.min(64, rest.length + 1))
    switch (random(7)) {
      case 0:
        if (data.length > 0) data[at] = (data[at] ?? 0) ^ (1 << random(8))
        break
      case 1:
        if (at + 4 <= data.length) data.writeUInt32LE(EXTREMES[random(EXTREMES.length)] ?? 0, at)
        break
      case 2:
        data = Buffer.concat([data.subarray(0, at), PIECES[random(PIECES.length)] ?? Buffer.alloc(0), rest])
        break
      case 3:
        data = Buffer.concat([data.subarray(0, at), rest.subarray(length)])
        break
      case 4:
        data = Buffer.concat([
          data.subarray(0, at),
          ...Array<Buffer>(1 + random(40)).fill(rest.subarray(0, length)),
          rest,
        ])
        break
      case 5:
        data = data.subarray(0, at)
        break
      default:
        if (data.length > 0) data[at] = random(256)
    }
  }
  return data
}
