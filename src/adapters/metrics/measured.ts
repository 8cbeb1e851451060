/** Ports wrapped from outside: the same port, with its calls timed and counted. A failed call is timed too. */
import type { ImageModel, ImageReader, MeasureColors, Store } from '../../application/ports.ts';
import type { TagSet } from '../../domain/tagging/types.ts';
import type { Meter, Stage } from './meter.ts';

export function measuredReader(reader: ImageReader, meter: Meter): ImageReader {
  return { prepare: (...args) => timed(meter, 'decode', () => reader.prepare(...args)) };
}

export function measuredModel(model: ImageModel, meter: Meter): ImageModel {
  return {
    ...model,
    card: model.card,
    embed: (...args) => timed(meter, 'inference', () => model.embed(...args)),
    bank: (taxonomy) => model.bank(taxonomy),
    close: () => model.close(),
  };
}

export function measuredColors(measure: MeasureColors, meter: Meter): MeasureColors {
  return (...args) => {
    const started = performance.now();
    try {
      return measure(...args);
    } finally {
      meter.stage('colour', secondsSince(started));
    }
  };
}

/** Reads and writes are timed alike; which images were known already is counted. */
export function measuredStore(store: Store, meter: Meter): Store {
  return {
    // What the store can do beyond the measured calls stays as it is.
    ...store,
    async findImages(sha256s, model) {
      const found = await timed(meter, 'store', () => store.findImages(sha256s, model));
      meter.images(found.size, new Set(sha256s).size - found.size);
      return found;
    },
    saveTags: (write) => timed(meter, 'store', () => store.saveTags(write)),
    findTags: (productId) => timed(meter, 'store', () => store.findTags(productId)),
    history: (...args) => timed(meter, 'store', () => store.history(...args)),
  };
}

/**
 * Counts what the model decided in this run: not what people or merchants said, and where the caller asked for some
 * attributes only, not those that merely stand.
 */
export function measuredTagging<
  R extends { readonly attributes: readonly string[] | null },
  Rest extends unknown[],
>(
  runTagging: (request: R, ...rest: Rest) => Promise<TagSet>,
  meter: Meter,
): (request: R, ...rest: Rest) => Promise<TagSet> {
  return async (request, ...rest) => {
    const tagSet = await runTagging(request, ...rest);
    const decisions = [
      ['category', tagSet.category] as const,
      ...[tagSet, ...tagSet.variants].flatMap(({ attributes }) => Object.entries(attributes)),
    ];
    for (const [id, { source, status, reason }] of decisions) {
      if (source !== 'model' || (request.attributes && !request.attributes.includes(id))) continue;
      meter.decision(id, status, reason ?? '');
    }
    return tagSet;
  };
}

async function timed<T>(meter: Meter, stage: Stage, call: () => Promise<T>): Promise<T> {
  const started = performance.now();
  try {
    return await call();
  } finally {
    meter.stage(stage, secondsSince(started));
  }
}

function secondsSince(started: number): number {
  return (performance.now() - started) / 1000;
}
