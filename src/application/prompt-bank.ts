/**
 * The one scoring path for a model that gives probabilities instead of vectors. Every row of the bank has a slot in a
 * picture's numbers, which is filled with the logarithm of its probability: within one answer those differ from the
 * model's logits by the same constant, which a softmax does not see, so a group is never split between two calls.
 *
 * What is asked depends on the picture: categories first, then the profile that was decided. So numbers are good for the
 * call that they were made for, and are made anew for every other.
 */
import {
  type BankGroup,
  ProfileNotLoaded,
  type VectorBank,
  type VectorRows,
} from '../domain/tagging/bank.ts';
import {
  type CaptionGroup,
  captionsOf,
  categoryCaptions,
  inTemplates,
  profileCaptions,
} from '../domain/taxonomy/caption-plan.ts';
import type { Taxonomy } from '../domain/taxonomy/types.ts';
import type { EncodePicture, ImageModel } from './ports.ts';
import type { PromptScorer } from './ports-clip.ts';
import type { LoadProfile } from './with-profiles.ts';

export interface PromptBankNeeds {
  readonly taxonomy: Taxonomy;
  readonly scorer: PromptScorer;
  readonly encode: EncodePicture;
  /** How many of the taxonomy's templates each caption is put into, the first ones. */
  readonly templates: number;
}

/** What one call of the service works with. */
export interface PromptSession {
  readonly model: ImageModel;
  readonly bank: VectorBank;
  readonly loadProfile: LoadProfile;
}

/** The smallest probability that is told from none: below it, 32-bit numbers end. */
const least = 1e-38;

interface PlannedGroup {
  readonly captions: CaptionGroup;
  readonly rows: BankGroup;
  /** Slot -> the captions whose logits are averaged there. */
  readonly slots: readonly { readonly slot: number; readonly captions: readonly string[] }[];
}

export function createPromptBank(needs: PromptBankNeeds): { session(): PromptSession } {
  const { taxonomy, scorer, encode } = needs;
  const templates = taxonomy.templates.slice(0, needs.templates);
  let slotCount = 0;
  const planned = (captions: CaptionGroup): PlannedGroup => {
    const slots: { slot: number; captions: readonly string[] }[] = [];
    const rows = (
      list: readonly { readonly id: string; readonly captions: readonly string[] }[],
    ): VectorRows => ({
      ids: list.map(({ id }) => id),
      data: new Float32Array(),
      slots: Int32Array.from(list, ({ captions: own }) => {
        slots.push({ slot: slotCount, captions: own });
        return slotCount++;
      }),
    });
    const alone = (list: readonly string[]) =>
      rows(list.map((caption) => ({ id: caption, captions: [caption] })));
    const group = {
      values: rows(captions.values),
      nulls: alone(captions.nulls),
      neutrals: alone(captions.neutrals),
    };
    return { captions, rows: group, slots };
  };
  const categories = planned(categoryCaptions(taxonomy));
  const profiles = new Map(
    [...taxonomy.profiles.keys()].map((id) => [
      id,
      new Map([...profileCaptions(taxonomy, id)].map(([attribute, group]) => [attribute, planned(group)])),
    ]),
  );
  const supported = new Set([...profiles.values()].flatMap((plan) => [...plan.keys()]));
  const sent = (caption: string) => inTemplates(caption, templates);

  /** Fills the groups' slots of one picture, several groups in one call where they fit. */
  async function fill(
    { png, numbers }: Picture,
    groups: readonly PlannedGroup[],
    signal?: AbortSignal,
  ): Promise<void> {
    for (const call of together(groups, scorer.maxPrompts, templates.length)) {
      const prompts = [...new Set(call.flatMap(({ captions }) => captionsOf(captions)).flatMap(sent))];
      const answer = await scorer.score(png, prompts, signal);
      const logits = new Map(
        prompts.map((prompt, index) => [prompt, Math.log(Math.max(least, answer[index]!))]),
      );
      for (const { slot, captions } of call.flatMap(({ slots }) => slots)) {
        const own = captions.flatMap(sent).map((prompt) => logits.get(prompt)!);
        numbers[slot] = own.reduce((sum, logit) => sum + logit, 0) / own.length;
      }
    }
  }

  return {
    session() {
      const pictures: Picture[] = [];
      const loaded = new Set<string>();
      const groupsOf = (profileId: string) => [...(profiles.get(profileId)?.values() ?? [])];
      const bank: VectorBank = {
        model: `${scorer.card.id}@${scorer.card.fingerprint}`,
        dim: slotCount,
        scale: 1,
        categories: categories.rows,
        attribute(attributeId, profileId) {
          if (pictures.length > 0 && !loaded.has(profileId)) throw new ProfileNotLoaded(profileId);
          return profiles.get(profileId)?.get(attributeId)?.rows;
        },
        prompts(attributeId, valueId, profileId) {
          const group = attributeId === null ? categories : profiles.get(profileId)?.get(attributeId);
          return group?.captions.values.find(({ id }) => id === valueId)?.captions ?? [];
        },
        supported,
      };
      return {
        bank,
        async loadProfile(profileId) {
          await Promise.all(pictures.map((picture) => fill(picture, groupsOf(profileId))));
          loaded.add(profileId);
        },
        model: {
          card: { ...scorer.card, dim: slotCount },
          keepsVectors: false,
          async embed(pixels, signal) {
            const picture = {
              png: await encode(pixels),
              numbers: new Float32Array(slotCount).fill(Number.NaN),
            };
            await fill(picture, [categories], signal);
            pictures.push(picture);
            return picture.numbers;
          },
          bank: async () => bank,
          close: () => scorer.close(),
        },
      };
    },
  };
}

interface Picture {
  readonly png: Uint8Array;
  readonly numbers: Float32Array;
}

/** Groups that fit into one call; one that is too large by itself goes alone, whole. */
function together(groups: readonly PlannedGroup[], maxPrompts: number, templates: number): PlannedGroup[][] {
  const calls: PlannedGroup[][] = [];
  let prompts = Number.POSITIVE_INFINITY;
  for (const group of groups) {
    const own = captionsOf(group.captions).length * templates;
    if (own === 0) continue;
    if (prompts + own > maxPrompts) {
      calls.push([]);
      prompts = 0;
    }
    calls.at(-1)!.push(group);
    prompts += own;
  }
  return calls;
}
