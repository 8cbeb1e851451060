/** The image tower of a public export: bytes by rows become scaled, normalised planes. */
import { type Graph, pixelsOf, type Tower } from '../onnx-tower.ts';
import { checkInputs, outputOf, unitVectors } from './graph-output.ts';
import { toHalf } from './half-float.ts';

export interface PictureTowerSetup {
  readonly kind: 'pictures';
  /** Side of the square input, pixels. */
  readonly size: number;
  /** A channel's byte v goes in as (v * scale - mean) / std. */
  readonly scale: number;
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
  /** Names of the output, the first one that is there. */
  readonly outputs: readonly string[];
}

export function openPictureTower(setup: PictureTowerSetup, graph: Graph): Tower {
  const { size, scale, mean, std, outputs } = setup;
  checkInputs(graph, ['pixel_values']);
  const input = graph.inputs[0];
  if (!input) throw new Error('the graph has no input pixel_values');
  if (input.type !== 'float32' && input.type !== 'float16')
    throw new Error(`pixel_values are ${input.type}, not float32 or float16`);
  const sides = input.shape.slice(2).filter((side): side is number => typeof side === 'number' && side > 0);
  if (sides.some((side) => side !== size))
    throw new Error(
      `the graph takes pictures of ${sides.join(' x ')}, preprocessor_config.json says ${size}`,
    );
  const half = input.type === 'float16';
  const area = size * size;
  // A byte has 256 values, so each channel is a table.
  const tables = mean.map((center, channel) => {
    const values = Array.from({ length: 256 }, (_, byte) => (byte * scale - center) / std[channel]!);
    return half ? Uint16Array.from(values, toHalf) : Float32Array.from(values);
  });
  return {
    output: outputOf(graph, outputs).name,
    first: { count: 2, pixels: new Uint8Array(2 * area * 3) },
    feeds(items) {
      const { count, pixels } = pixelsOf(items);
      if (pixels.length !== count * area * 3)
        throw new Error(`${count} pictures of ${size} x ${size} are not ${pixels.length} bytes`);
      const planes = half ? new Uint16Array(pixels.length) : new Float32Array(pixels.length);
      for (let picture = 0; picture < count; picture++) {
        const start = picture * area * 3;
        for (let channel = 0; channel < 3; channel++) {
          const table = tables[channel]!;
          const plane = start + channel * area;
          for (let i = 0; i < area; i++) planes[plane + i] = table[pixels[start + i * 3 + channel]!]!;
        }
      }
      const type = half ? 'float16' : 'float32';
      return [{ name: input.name, type, data: planes, dims: [count, 3, size, size] }];
    },
    vectors: unitVectors,
  };
}
