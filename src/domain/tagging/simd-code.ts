/**
 * The one loop that scoring spends its time in, as WebAssembly: products of a picture's vector with rows of vectors, two
 * numbers at a time. Products and sums are 64-bit, as plain JavaScript's are: a product of two 32-bit numbers is exact, so
 * the answers differ from those of a plain loop by the order of the sum alone.
 *
 * The bytes are put together here, from the instructions' names in the core specification (release 2.0), chapter 5.
 */

/** Rows of one pass over the vector. */
export const rowsOfPass = 4;
/** Numbers of one turn of the inner loop: vectors are as long as a multiple of it. */
export const numbersOfTurn = 8;

/** Unsigned LEB128. */
function u32(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest & 127) | (rest > 127 ? 128 : 0));
    rest >>>= 7;
  } while (rest > 0);
  return bytes;
}

/** Signed LEB128 of what is not negative. */
function s32(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 63) {
    bytes.push((rest & 127) | 128);
    rest >>>= 7;
  }
  return [...bytes, rest];
}

const vector = (items: readonly (readonly number[])[]) => [...u32(items.length), ...items.flat()];
const section = (id: number, bytes: readonly number[]) => [id, ...u32(bytes.length), ...bytes];
const name = (text: string) => [text.length, ...Array.from(text, (letter) => letter.charCodeAt(0))];

const i32 = 0x7f;
const v128 = 0x7b;
const get = (local: number) => [0x20, ...u32(local)];
const set = (local: number) => [0x21, ...u32(local)];
const tee = (local: number) => [0x22, ...u32(local)];
const i32Const = (value: number) => [0x41, ...s32(value)];
const i32Add = [0x6a];
const i32Sub = [0x6b];
const i32LessUnsigned = [0x49];
const f64Add = [0xa0];
const f64Store = (offset: number) => [0x39, 3, ...u32(offset)];
const simd = (code: number) => [0xfd, ...u32(code)];
const v128Load = (offset: number) => [...simd(0x00), 4, ...u32(offset)];
const v128Load64Zero = (offset: number) => [...simd(0x5d), 3, ...u32(offset)];
const v128Zero = [...simd(0x0c), ...Array<number>(16).fill(0)];
const f64x2PromoteLow = simd(0x5f);
const f64x2Lane = (lane: number) => [...simd(0x21), lane];
const f64x2Add = simd(0xf0);
const f64x2Multiply = simd(0xf2);
const loop = [0x03, 0x40];
const again = [0x0d, 0x00];
const end = [0x0b];

/** Parameters, then locals. */
const [at, rows, count, out, offset, row] = [0, 1, 2, 3, 4, 5] as const;
const numbers = 6;
const sums = Array.from({ length: rowsOfPass }, (_, index) => numbers + 1 + index);

/**
 * A module that imports `m.memory` and exports `dots(at, rows, count, out)`, all in bytes but `count`: the products of
 * the vector of f64 at `at` with `count` rows of f32 at `rows` go to `out` as f64. `length`: numbers in a row, a multiple
 * of `numbersOfTurn`; `count`: a multiple of `rowsOfPass`, not 0.
 */
export function dotProductsCode(length: number): Uint8Array {
  const rowBytes = length * 4;
  const pair = (index: number) => [
    // A number of the vector has twice the bytes of one of a row.
    ...[...get(at), ...get(offset), ...i32Add, ...get(offset), ...i32Add, ...v128Load(index * 8)],
    ...set(numbers),
    ...sums.flatMap((sum, place) => [
      ...[...get(row), ...v128Load64Zero(place * rowBytes + index * 4), ...f64x2PromoteLow],
      ...[...get(numbers), ...f64x2Multiply, ...get(sum), ...f64x2Add, ...set(sum)],
    ]),
  ];
  const turn = Array.from({ length: numbersOfTurn / 2 }, (_, index) => pair(index * 2)).flat();
  const code = [
    ...loop,
    ...sums.flatMap((sum) => [...v128Zero, ...set(sum)]),
    ...[...i32Const(0), ...set(offset)],
    ...loop,
    ...[...get(rows), ...get(offset), ...i32Add, ...set(row)],
    ...turn,
    ...[...get(offset), ...i32Const(numbersOfTurn * 4), ...i32Add, ...tee(offset)],
    ...[...i32Const(rowBytes), ...i32LessUnsigned, ...again],
    ...end,
    ...sums.flatMap((sum, place) => [
      ...[...get(out), ...get(sum), ...f64x2Lane(0), ...get(sum), ...f64x2Lane(1), ...f64Add],
      ...f64Store(place * 8),
    ]),
    ...[...get(out), ...i32Const(rowsOfPass * 8), ...i32Add, ...set(out)],
    ...[...get(rows), ...i32Const(rowsOfPass * rowBytes), ...i32Add, ...set(rows)],
    ...[...get(count), ...i32Const(rowsOfPass), ...i32Sub, ...tee(count), ...again],
    ...end,
    ...end,
  ];
  const locals = vector([
    [2, i32],
    [1 + rowsOfPass, v128],
  ]);
  const body = [...locals, ...code];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, vector([[0x60, ...vector([[i32], [i32], [i32], [i32]]), 0]])),
    ...section(2, vector([[...name('m'), ...name('memory'), 2, 0, 1]])),
    ...section(3, vector([[0]])),
    ...section(7, vector([[...name('dots'), 0, 0]])),
    ...section(10, vector([[...u32(body.length), ...body]])),
  ]);
}
