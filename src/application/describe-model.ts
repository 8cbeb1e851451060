/** What the active model can and cannot decide, attribute by attribute. */

import type { Meaning } from '../domain/tagging/decide-product.ts';
import { attributeThresholds, categoryThresholds, type Thresholds } from '../domain/tagging/thresholds.ts';
import { imageAttributes } from '../domain/taxonomy/applicability.ts';
import type { Attribute } from '../domain/taxonomy/types.ts';
import type { ImageModel } from './ports.ts';
import type { Ability, Services } from './tag-request.ts';

export function createDescribeModel({
  meaning,
  model,
}: {
  readonly meaning: Meaning;
  readonly model: ImageModel;
}) {
  const { taxonomy, bank, calibration } = meaning;
  const image = new Set(imageAttributes(taxonomy).map((attribute) => attribute.id));

  const ability = (supported: boolean, { calibrated, accept, precision, coverage }: Thresholds): Ability => ({
    supported,
    calibrated: supported && calibrated,
    threshold: supported ? accept : null,
    precision: supported ? precision : null,
    coverage: supported ? coverage : null,
  });
  const canDecide = (attribute: Attribute) =>
    attribute.scoring === 'ranked-softmax' || bank.supported.has(attribute.id);

  const describe: Services['describeModel'] = () => ({
    card: model.card,
    calibration: calibration?.id ?? null,
    category: ability(bank.categories.values.ids.length > 0, categoryThresholds(calibration)),
    attributes: Object.fromEntries(
      taxonomy.attributes
        .filter((attribute) => !image.has(attribute.id) || bank.supported.has(attribute.id))
        .map((attribute) => [
          attribute.id,
          ability(canDecide(attribute), attributeThresholds(calibration, attribute)),
        ]),
    ),
  });
  return describe;
}
