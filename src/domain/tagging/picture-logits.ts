/** What pictures and the rows of a bank come to: scaled cosines of their vectors, or for rows with slots the picture's own numbers. */
import type { VectorBank, VectorRows } from './bank.ts';
import { createDotProducts, type DotProducts } from './dot-products.ts';

/** Rows that pictures are held against. */
export interface Rows {
  readonly count: number;
  /** The picture's logit for each row; good until these rows are asked again. */
  logits(picture: number): Float64Array;
}

export interface PictureLogits {
  /** The pictures that `logits` means from now on, by their place here. */
  take(vectors: readonly Float32Array[]): void;
  /** Throws RangeError where rows are not of the bank's dimension; `logits` does where a picture's vector is not. */
  rows(rows: VectorRows): Rows;
}

export function createPictureLogits({ dim, scale }: Pick<VectorBank, 'dim' | 'scale'>): PictureLogits {
  let vectors: readonly Float32Array[] = [];
  let products: DotProducts | null = null;
  let taken = false;
  const prepared = new Map<VectorRows, Rows>();

  function ofVectors({ ids, data }: VectorRows): Rows {
    products ??= createDotProducts(dim);
    const dots = products;
    const loaded = dots.load(data, ids.length);
    const logits = new Float64Array(ids.length);
    return {
      count: ids.length,
      logits(picture) {
        if (!taken) dots.take(vectors);
        taken = true;
        dots.multiply(picture, loaded);
        for (let row = 0; row < logits.length; row++) logits[row] = loaded.products[row]! * scale;
        return logits;
      },
    };
  }

  function ofSlots(slots: Int32Array): Rows {
    const logits = new Float64Array(slots.length);
    return {
      count: slots.length,
      logits(picture) {
        const numbers = vectors[picture]!;
        for (let row = 0; row < logits.length; row++) logits[row] = numbers[slots[row]!]! * scale;
        return logits;
      },
    };
  }

  return {
    take(list) {
      vectors = list;
      taken = false;
    },
    rows(rows) {
      const known = prepared.get(rows);
      if (known) return known;
      const fresh = rows.slots ? ofSlots(rows.slots) : ofVectors(rows);
      prepared.set(rows, fresh);
      return fresh;
    },
  };
}
