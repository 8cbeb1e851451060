/** What stands behind an answer: model, taxonomy and calibration, and when it was given. */
import type { Meaning } from '../domain/tagging/decide-product.ts';
import type { Provenance } from '../domain/tagging/types.ts';
import type { ImageModel } from './ports.ts';
import { modelKey } from './read-image.ts';

/** `taggedAt`: RFC 3339, UTC. */
export function provenanceOf(
  { taxonomy, calibration }: Meaning,
  model: Pick<ImageModel, 'card'>,
  taggedAt: string,
): Omit<Provenance, 'notSupported'> {
  return {
    backend: model.card.backend,
    model: modelKey(model),
    taxonomy: `${taxonomy.id}@${taxonomy.version}`,
    taxonomyHash: taxonomy.contentHash,
    calibration: calibration?.id ?? null,
    taggedAt,
  };
}
