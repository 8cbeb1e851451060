/**
 * Vectors against rows of vectors, in a memory of WebAssembly's own. Rows are copied in once and stay; the vectors of the
 * pictures in question are put in for each question. See `simd-code.ts` for the arithmetic.
 */
import { dotProductsCode, numbersOfTurn, rowsOfPass } from './simd-code.ts';

/** What is used of the engine's WebAssembly, which the language's own library does not name. */
declare const WebAssembly: {
  readonly Memory: new (size: { initial: number }) => Memory;
  readonly Module: new (code: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: { readonly m: { readonly memory: Memory } },
  ) => { readonly exports: { dots(at: number, rows: number, count: number, out: number): void } };
};
interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

export interface LoadedRows {
  /** Of the vector that was asked for last, one for each row (and some zeros). Good until the rows are asked again. */
  readonly products: Float64Array;
}

export interface DotProducts {
  /** Throws RangeError where the data are not `count` rows. */
  load(data: Float32Array, count: number): LoadedRows;
  /** The vectors that `multiply` means from now on. Throws RangeError where one is not as long as the rows. */
  take(vectors: readonly Float32Array[]): void;
  /** Fills in the `products` of these rows with the vector at this place. */
  multiply(place: number, rows: LoadedRows): void;
}

interface Block {
  products: Float64Array;
  readonly rows: number;
  readonly out: number;
  /** A multiple of what one pass takes. */
  readonly count: number;
}

/** Bytes. */
const page = 65_536;
/** The memory grows by at least so many pages. */
const growth = 16;

/** By the length of a row: there are one or two in a process. */
const modules = new Map<number, object>();

function moduleOf(length: number): object {
  const known = modules.get(length) ?? new WebAssembly.Module(dotProductsCode(length));
  modules.set(length, known);
  return known;
}

const roundedUp = (value: number, step: number) => Math.ceil(value / step) * step;

export function createDotProducts(dim: number): DotProducts {
  const length = roundedUp(Math.max(1, dim), numbersOfTurn);
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { dots } = new WebAssembly.Instance(moduleOf(length), { m: { memory } }).exports;
  const blocks: Block[] = [];
  let end = 0;
  let vectors = { at: 0, room: 0 };

  /** A place of so many bytes that were never written, so they are zero. */
  function reserve(bytes: number): number {
    const start = end;
    end = roundedUp(end + bytes, 16);
    const missing = end - memory.buffer.byteLength;
    if (missing > 0) {
      memory.grow(Math.max(growth, Math.ceil(missing / page)));
      // Whatever looked into the memory before it grew sees nothing any more.
      for (const block of blocks) block.products = look(block);
    }
    return start;
  }
  const look = ({ out, count }: Pick<Block, 'out' | 'count'>) => new Float64Array(memory.buffer, out, count);
  const checked = (numbers: number, rows: number) => {
    if (numbers !== rows * dim) throw new RangeError(`${numbers} numbers are not ${rows} vectors of ${dim}`);
  };

  return {
    load(data, rows) {
      checked(data.length, rows);
      const count = roundedUp(rows, rowsOfPass);
      const place = reserve(count * (length * 4 + 8));
      const out = place + count * length * 4;
      const values = new Float32Array(memory.buffer, place, count * length);
      for (let row = 0; row < rows; row++) {
        values.set(data.subarray(row * dim, (row + 1) * dim), row * length);
      }
      const block: Block = { products: look({ out, count }), rows: place, out, count };
      blocks.push(block);
      return block;
    },
    take(list) {
      if (list.length > vectors.room) {
        vectors = { at: reserve(list.length * length * 8), room: list.length };
      }
      const values = new Float64Array(memory.buffer, vectors.at, list.length * length);
      for (const [place, vector] of list.entries()) {
        checked(vector.length, 1);
        values.set(vector, place * length);
      }
    },
    multiply(place, rows) {
      const block = rows as Block;
      if (block.count > 0) dots(vectors.at + place * length * 8, block.rows, block.count, block.out);
    },
  };
}
