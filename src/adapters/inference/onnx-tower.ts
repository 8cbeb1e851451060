/** What stands between a graph and those who use it: how items become its inputs, and its output becomes vectors. */

export interface GraphPort {
  readonly name: string;
  /** As onnxruntime says it: `float32`, `int64`, … */
  readonly type: string;
  /** A number where the graph fixes the side, a name where it is open. */
  readonly shape: readonly (number | string)[];
}

export interface Graph {
  readonly inputs: readonly GraphPort[];
  readonly outputs: readonly GraphPort[];
}

export interface Feed {
  readonly name: string;
  readonly type: 'uint8' | 'float32' | 'float16' | 'int64' | 'int32';
  /** Half floats as their bits. */
  readonly data: Uint8Array | Float32Array | Uint16Array | BigInt64Array | Int32Array;
  readonly dims: readonly number[];
}

/** One batch. `pixels`: count pictures of size x size x 3 bytes, one after the other. */
export type WorkItems =
  | { readonly count: number; readonly pixels: Uint8Array }
  | { readonly texts: readonly string[] };

export interface Tower {
  /** The output that is asked for; no other one is computed. */
  readonly output: string;
  /** Two items for a first run. */
  readonly first: WorkItems;
  /** Throws where the items do not fit. */
  feeds(items: WorkItems): readonly Feed[];
  /** Throws where the output holds no usable vectors. */
  vectors(data: Float32Array | Uint16Array, dims: readonly number[]): Float32Array;
}

/** A graph of our own: takes bytes as they are and gives unit vectors. */
export interface RawTowerSetup {
  readonly kind: 'raw';
  /** Side of the square input, pixels. */
  readonly size: number;
}

export function openRawTower({ size }: RawTowerSetup, graph: Graph): Tower {
  return {
    output: graph.outputs[0]!.name,
    first: { count: 2, pixels: new Uint8Array(2 * size * size * 3) },
    feeds(items) {
      const { count, pixels } = pixelsOf(items);
      return [{ name: graph.inputs[0]!.name, type: 'uint8', data: pixels, dims: [count, size, size, 3] }];
    },
    vectors: (data) => data as Float32Array,
  };
}

export function pixelsOf(items: WorkItems): { readonly count: number; readonly pixels: Uint8Array } {
  if ('pixels' in items) return items;
  throw new Error('texts were sent to the image tower');
}
