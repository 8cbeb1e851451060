/** The vectors that a tower of a public export gives: which output holds them, and how they become unit vectors. */
import type { Graph, GraphPort, Tower } from '../onnx-tower.ts';
import { fromHalf } from './half-float.ts';

/** The first of `wanted` that the graph has. Throws with what it has instead. */
export function outputOf(graph: Graph, wanted: readonly string[]): GraphPort {
  const found = wanted.map((name) => graph.outputs.find((port) => port.name === name)).find(Boolean);
  if (!found) {
    const has = graph.outputs.map((port) => port.name).join(', ');
    throw new Error(`the graph has no output ${wanted.join(' or ')}, only ${has}`);
  }
  if (found.type !== 'float32' && found.type !== 'float16')
    throw new Error(`the output ${found.name} is ${found.type}, not float32 or float16`);
  return found;
}

/** Throws where an input is none of `known`, or where the graph fixes how many items a batch has. */
export function checkInputs(graph: Graph, known: readonly string[]): void {
  const strange = graph.inputs.find(({ name }) => !known.includes(name));
  if (strange)
    throw new Error(`the graph wants an input ${strange.name}; only ${known.join(', ')} are known`);
  const fixed = graph.inputs.find(({ shape }) => typeof shape[0] === 'number' && shape[0] > 0);
  if (fixed)
    throw new Error(
      `the input ${fixed.name} is fixed at batches of ${fixed.shape[0]}: export it with an open batch`,
    );
}

/** Rows brought to length 1. Throws where a row is no vector, or has no length. */
export const unitVectors: Tower['vectors'] = (data, dims) => {
  if (dims.length !== 2) throw new Error(`the output has ${dims.length} dimensions, not 2`);
  const [rows, dim] = dims as [number, number];
  const vectors = data instanceof Float32Array ? Float32Array.from(data) : Float32Array.from(data, fromHalf);
  for (let row = 0; row < rows; row++) {
    const vector = vectors.subarray(row * dim, (row + 1) * dim);
    let squares = 0;
    for (const value of vector) squares += value * value;
    const length = Math.sqrt(squares);
    if (!Number.isFinite(length) || length === 0) throw new Error('the model gave a vector without a length');
    for (let i = 0; i < dim; i++) vector[i]! /= length;
  }
  return vectors;
};
