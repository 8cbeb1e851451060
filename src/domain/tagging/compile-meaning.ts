/**
 * A meaning made ready: whatever about scoring no picture changes is worked out once, when it is first needed. Categories are many
 * and most are never met, so each is made ready by the first product of it.
 */
import {
  attributesFor,
  imageAttributes,
  profileFor,
  universalProfile,
  valuesFor,
} from '../taxonomy/applicability.ts';
import type { Attribute, Taxonomy } from '../taxonomy/types.ts';
import type { VectorBank } from './bank.ts';
import type { Calibration } from './calibration.ts';
import { type CategoryScoring, categoryScoring } from './decide-category.ts';
import { type Palette, paletteOf } from './decide-color.ts';
import { createPictureLogits, type PictureLogits } from './picture-logits.ts';
import { type AttributeScoring, scoringOf } from './score-attribute.ts';
import { attributeThresholds, categoryThresholds, type Thresholds } from './thresholds.ts';

export interface Meaning {
  readonly taxonomy: Taxonomy;
  readonly bank: VectorBank;
  readonly calibration: Calibration | null;
}

/** How one attribute is decided for products of one category. */
export interface AttributePlan {
  readonly attribute: Attribute;
  readonly thresholds: Thresholds;
  /** null where the model has no vectors for it. */
  readonly scoring: AttributeScoring | null;
  /** Colours only: measured in pixels, they need no model. */
  readonly palette: Palette | null;
}

export interface CategoryPlan {
  readonly profileId: string;
  /** Throws `ProfileNotLoaded` where the bank has no vectors yet. */
  attribute(attribute: Attribute): AttributePlan;
  /** Which attributes are to be decided, of those that were asked for or (null) of all. Throws `ProfileNotLoaded`. */
  agenda(asked: readonly string[] | null): Agenda;
}

export interface Agenda {
  /** What is told of. */
  readonly wanted: readonly Attribute[];
  /** Of those and of what gates them, what can be decided: gates first, the taxonomy's order otherwise. */
  readonly answerable: readonly Attribute[];
}

export interface CompiledMeaning {
  readonly meaning: Meaning;
  readonly logits: PictureLogits;
  readonly categories: CategoryScoring;
  /** Attributes of single pictures that the model can tell. Throws `ProfileNotLoaded`. */
  pictures(): readonly AttributeScoring[];
  /** null: nothing is known of the category. */
  category(id: string | null): CategoryPlan;
}

const known = new WeakMap<Meaning, CompiledMeaning>();
/** Meanings that differ in their calibration alone share one bank, and its rows are large. */
const loaded = new WeakMap<VectorBank, PictureLogits>();

/** The same for the same meaning. */
export function compiled(meaning: Meaning): CompiledMeaning {
  const before = known.get(meaning);
  if (before) return before;
  const fresh = compileMeaning(meaning);
  known.set(meaning, fresh);
  return fresh;
}

function compileMeaning(meaning: Meaning): CompiledMeaning {
  const { taxonomy, bank, calibration } = meaning;
  const logits = loaded.get(bank) ?? createPictureLogits(bank);
  loaded.set(bank, logits);
  const plans = new Map<string | null, CategoryPlan>();
  let pictures: readonly AttributeScoring[] | null = null;
  return {
    meaning,
    logits,
    categories: categoryScoring(taxonomy, bank.categories, logits, categoryThresholds(calibration)),
    pictures() {
      pictures ??= imageAttributes(taxonomy).flatMap((attribute) => {
        const group = bank.attribute(attribute.id, universalProfile);
        const thresholds = attributeThresholds(calibration, attribute);
        return group ? [scoringOf(attribute, attribute.values, group, logits, thresholds)] : [];
      });
      return pictures;
    },
    category(id) {
      const before = plans.get(id);
      if (before) return before;
      const plan = categoryPlan(meaning, logits, id);
      plans.set(id, plan);
      return plan;
    },
  };
}

function categoryPlan(meaning: Meaning, logits: PictureLogits, categoryId: string | null): CategoryPlan {
  const { taxonomy, bank, calibration } = meaning;
  const profileId = profileFor(taxonomy, categoryId);
  const plans = new Map<string, AttributePlan>();
  const planOf = (attribute: Attribute): AttributePlan => {
    const group = bank.attribute(attribute.id, profileId);
    const thresholds = attributeThresholds(calibration, attribute);
    const values = valuesFor(attribute, taxonomy, categoryId);
    const isColor = attribute.scoring === 'ranked-softmax';
    // A value that the model has no vector for cannot win; it is left out rather than scored as impossible. Not so a
    // colour, which pixels can tell.
    const vectors = new Set(group?.values.ids);
    const scorable = isColor ? values : values.filter(({ id }) => vectors.has(id));
    return {
      attribute,
      thresholds,
      scoring: group ? scoringOf(attribute, scorable, group, logits, thresholds) : null,
      palette: isColor ? paletteOf(values, taxonomy.colorFamilies) : null,
    };
  };
  const planFor = (attribute: Attribute): AttributePlan => {
    const known = plans.get(attribute.id) ?? planOf(attribute);
    plans.set(attribute.id, known);
    return known;
  };
  const applying = attributesFor(taxonomy, categoryId)
    .map((id) => taxonomy.attributeById.get(id)!)
    .filter(({ scope }) => scope !== 'image');
  const agendaOf = (wanted: readonly Attribute[]): Agenda => {
    const gatesOf = (some: readonly Attribute[]) =>
      new Set(some.flatMap(({ requires }) => requires.map((need) => need.attribute)));
    // What gates a wanted attribute is decided with it, and not told.
    const gates = gatesOf(wanted);
    const answerable = applying.filter(
      (attribute) => (wanted.includes(attribute) || gates.has(attribute.id)) && canDecide(planFor(attribute)),
    );
    const first = gatesOf(answerable);
    answerable.sort((a, b) => Number(first.has(b.id)) - Number(first.has(a.id)));
    return { wanted, answerable };
  };
  let everything: Agenda | null = null;
  return {
    profileId,
    attribute: planFor,
    agenda(asked) {
      if (asked !== null) return agendaOf(applying.filter(({ id }) => asked.includes(id)));
      everything ??= agendaOf(applying);
      return everything;
    },
  };
}

/** Colour is measured in pixels, so it needs no model. */
function canDecide({ scoring, palette }: AttributePlan): boolean {
  return scoring !== null || palette !== null;
}
