/** `bank.json` of a model that carries its own class vectors, and the bank made from it. */
import { z } from 'zod';
import type { VectorBank, VectorRows } from '../../domain/tagging/bank.ts';
import type { Taxonomy } from '../../domain/taxonomy/types.ts';

const row = z.strictObject({
  /** A taxonomy id, or null for the class of pictures that show nothing we know. */
  id: z.string().nullable(),
  /** The class as the training data calls it. */
  label: z.string(),
  /** Unit vector: base64 of little-endian float32. */
  vector: z.string(),
});

export const classifierFile = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9.-]*$/),
  license: z.string(),
  dim: z.int().positive(),
  scale: z.number().positive(),
  input: z.strictObject({
    size: z.int().positive(),
    fit: z.enum(['squash', 'crop', 'pad']),
    kernel: z.enum(['cubic', 'linear', 'lanczos3']),
  }),
  refuses: z.array(z.string()),
  category: z.array(row).min(2),
  attributes: z.record(z.string(), z.array(row).min(2)),
});

export type ClassifierFile = z.infer<typeof classifierFile>;
type Row = ClassifierFile['category'][number];

/** Throws where a class names an id that the taxonomy lacks: weights and taxonomy must fit. */
export function bankOf(file: ClassifierFile, model: string, taxonomy: Taxonomy): VectorBank {
  const unknown = [
    ...file.category.filter(({ id }) => id !== null && !taxonomy.categoryById.has(id)).map(({ id }) => id),
    ...Object.entries(file.attributes).flatMap(([attributeId, rows]) => {
      const attribute = taxonomy.attributeById.get(attributeId);
      if (!attribute) return [attributeId];
      return rows
        .filter(({ id }) => id !== null && !attribute.valueById.has(id))
        .map(({ id }) => `${attributeId}/${id}`);
    }),
  ];
  if (unknown.length > 0) {
    throw new Error(
      `the model ${file.id} names what taxonomy ${taxonomy.version} lacks: ${unknown.join(', ')}`,
    );
  }
  const group = (rows: readonly Row[]) => ({
    values: vectors(
      rows.filter(({ id }) => id !== null),
      file.dim,
    ),
    nulls: vectors(
      rows.filter(({ id }) => id === null),
      file.dim,
    ),
    neutrals: vectors([], file.dim),
  });
  const groups = new Map(Object.entries(file.attributes).map(([id, rows]) => [id, group(rows)]));
  const labels = (rows: readonly Row[] | undefined, id: string) =>
    (rows ?? [])
      .filter((entry) => entry.id === id)
      .map((entry) => `class "${entry.label}" of the bundled model`);
  return {
    model,
    dim: file.dim,
    scale: file.scale,
    categories: group(file.category),
    attribute: (attributeId) => groups.get(attributeId),
    prompts: (attributeId, valueId) =>
      labels(attributeId === null ? file.category : file.attributes[attributeId], valueId),
    supported: new Set(groups.keys()),
  };
}

function vectors(rows: readonly Row[], dim: number): VectorRows {
  const data = new Float32Array(rows.length * dim);
  rows.forEach((entry, index) => {
    const bytes = Buffer.from(entry.vector, 'base64');
    if (bytes.length !== dim * 4)
      throw new Error(`the vector of class "${entry.label}" has not ${dim} numbers`);
    for (let i = 0; i < dim; i++) data[index * dim + i] = bytes.readFloatLE(i * 4);
  });
  return { ids: rows.map((entry) => entry.id ?? entry.label), data };
}
