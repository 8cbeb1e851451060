/** A model of one node, MatMul, written as ONNX is: what onnxruntime makes of the same products. */

const bytes = (field: number, value: readonly number[]) => [
  (field << 3) | 2,
  ...varint(value.length),
  ...value,
];
const number = (field: number, value: number) => [field << 3, ...varint(value)];
const text = (field: number, value: string) => bytes(field, [...Buffer.from(value)]);

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
}

/** `y = a b`, float32, with `a` of `rows` x `inner` and `b` of `inner` x `columns`. */
export function matrixProduct(rows: number, inner: number, columns: number): Uint8Array {
  const port = (name: string, shape: readonly number[]) => {
    const dims = shape.flatMap((size) => bytes(1, number(1, size)));
    const tensor = [...number(1, 1), ...bytes(2, dims)];
    return [...text(1, name), ...bytes(2, bytes(1, tensor))];
  };
  const node = [...text(1, 'a'), ...text(1, 'b'), ...text(2, 'y'), ...text(4, 'MatMul')];
  const graph = [
    ...bytes(1, node),
    ...text(2, 'product'),
    ...bytes(11, port('a', [rows, inner])),
    ...bytes(11, port('b', [inner, columns])),
    ...bytes(12, port('y', [rows, columns])),
  ];
  return Uint8Array.from([...number(1, 8), ...bytes(7, graph), ...bytes(8, number(2, 13))]);
}
