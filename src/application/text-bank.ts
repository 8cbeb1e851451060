/**
 * The taxonomy's captions as vectors of one model: those of categories and of what holds for everything first, the other
 * profiles when a product needs them or when there is time. No text is ever encoded twice under one model: what was
 * encoded is kept by hash, and saved after each call, so that a stop costs one call at most.
 */
import { type BankGroup, ProfileNotLoaded, type VectorBank } from '../domain/tagging/bank.ts';
import { compileGroup } from '../domain/tagging/compile-bank.ts';
import { universalProfile } from '../domain/taxonomy/applicability.ts';
import {
  type CaptionGroup,
  captionsOf,
  categoryCaptions,
  inTemplates,
  profileCaptions,
} from '../domain/taxonomy/caption-plan.ts';
import type { Taxonomy } from '../domain/taxonomy/types.ts';
import type { ContentHash } from './ports.ts';
import type { ClipModel, TextVectors } from './ports-clip.ts';

export interface TextBankNeeds {
  readonly taxonomy: Taxonomy;
  readonly model: Pick<ClipModel, 'card' | 'texts' | 'scale' | 'family'>;
  /** `<model id>@<fingerprint>`. */
  readonly modelKey: string;
  readonly vectors: TextVectors;
  readonly hash: ContentHash;
  /** How many of the taxonomy's templates each caption is put into, the first ones. */
  readonly templates: number;
  /** Told after each call to the text tower or the store. */
  readonly onProgress?: (progress: BankProgress) => void;
}

export interface BankProgress {
  /** Texts known so far, and in all. */
  readonly texts: number;
  readonly ofTexts: number;
  /** Texts that had to be encoded; the others were kept from before. */
  readonly encoded: number;
}

export interface TextBank {
  readonly bank: VectorBank;
  /** Resolves once the profile's vectors are there. Twice at once is once. */
  load(profileId: string): Promise<void>;
  /** Everything that is missing, one profile after another; rejects at the first failure and may be called again. */
  loadAll(signal: AbortSignal): Promise<void>;
  progress(): BankProgress;
}

/** Resolves when categories and the universal profile are there: from then on most products need no waiting. */
export async function createTextBank(needs: TextBankNeeds): Promise<TextBank> {
  const { taxonomy, model, modelKey, templates: count } = needs;
  const templates = (model.family === 'siglip' ? taxonomy.siglipTemplates : taxonomy.templates).slice(
    0,
    count,
  );
  const plans = new Map([...taxonomy.profiles.keys()].map((id) => [id, profileCaptions(taxonomy, id)]));
  const categoryPlan = categoryCaptions(taxonomy);
  const groups = [categoryPlan, ...[...plans.values()].flatMap((plan) => [...plan.values()])];
  const all = new Set(groups.flatMap((group) => captionsOf(group)));
  const texts = createTexts(needs, all.size * templates.length);

  async function compiled(plan: readonly CaptionGroup[]): Promise<readonly BankGroup[]> {
    const wanted = new Set(
      plan.flatMap((group) => captionsOf(group)).flatMap((caption) => inTemplates(caption, templates)),
    );
    await texts.fetch([...wanted]);
    const vectorsOf = (caption: string) => inTemplates(caption, templates).map(texts.vector);
    return plan.map((group) => compileGroup(group, vectorsOf, model.card.dim));
  }

  const loaded = new Map<string, ReadonlyMap<string, BankGroup>>();
  const loading = new Map<string, Promise<void>>();
  const load = (profileId: string): Promise<void> => {
    const plan = plans.get(profileId);
    if (!plan) return Promise.reject(new RangeError(`no profile ${profileId}`));
    if (loaded.has(profileId)) return Promise.resolve();
    const running = loading.get(profileId);
    if (running) return running;
    const ids = [...plan.keys()];
    const started = compiled([...plan.values()])
      .then((groupsOf) => {
        loaded.set(profileId, new Map(ids.map((id, index) => [id, groupsOf[index]!])));
      })
      .finally(() => loading.delete(profileId));
    loading.set(profileId, started);
    return started;
  };

  const [categories] = await compiled([categoryPlan]);
  await load(universalProfile);
  const bank: VectorBank = {
    model: modelKey,
    dim: model.card.dim,
    scale: model.scale,
    categories: categories!,
    attribute(attributeId, profileId) {
      const groupsOf = loaded.get(profileId);
      if (!groupsOf) throw new ProfileNotLoaded(profileId);
      return groupsOf.get(attributeId);
    },
    prompts(attributeId, valueId, profileId) {
      const group = attributeId === null ? categoryPlan : plans.get(profileId)?.get(attributeId);
      return group?.values.find(({ id }) => id === valueId)?.captions ?? [];
    },
    supported: new Set([...plans.values()].flatMap((plan) => [...plan.keys()])),
  };
  return {
    bank,
    load,
    async loadAll(signal) {
      for (const profileId of plans.keys()) {
        signal.throwIfAborted();
        await load(profileId);
      }
    },
    progress: texts.progress,
  };
}

/** Vectors of texts: in memory, else from the store, else from the model. One call at a time, so that none is made twice. */
function createTexts({ model, modelKey, vectors, hash, onProgress }: TextBankNeeds, ofTexts: number) {
  const known = new Map<string, Float32Array>();
  let encoded = 0;
  let turn: Promise<unknown> = Promise.resolve();
  const progress = (): BankProgress => ({ texts: known.size, ofTexts, encoded });
  const told = () => onProgress?.(progress());
  const keyOf = (text: string) => hash(new TextEncoder().encode(text));

  async function fetchNow(wanted: readonly string[]): Promise<void> {
    const unknown = wanted.filter((text) => !known.has(text));
    if (unknown.length === 0) return;
    const keys = new Map(unknown.map((text) => [text, keyOf(text)]));
    const stored = await vectors.find(modelKey, [...keys.values()]);
    for (const [text, key] of keys) {
      const vector = stored.get(key);
      if (vector) known.set(text, vector);
    }
    told();
    const fresh = unknown.filter((text) => !known.has(text));
    for (let start = 0; start < fresh.length; start += model.texts.maxTexts) {
      const chunk = fresh.slice(start, start + model.texts.maxTexts);
      const results = await model.texts.encode(chunk);
      await vectors.save(modelKey, new Map(chunk.map((text, index) => [keys.get(text)!, results[index]!])));
      for (const [index, text] of chunk.entries()) known.set(text, results[index]!);
      encoded += chunk.length;
      told();
    }
  }

  return {
    progress,
    vector(text: string): Float32Array {
      const found = known.get(text);
      if (!found) throw new RangeError(`no vector of ${JSON.stringify(text)}`);
      return found;
    },
    fetch(wanted: readonly string[]): Promise<void> {
      const mine = turn.then(() => fetchNow(wanted));
      turn = mine.catch(() => {});
      return mine;
    },
  };
}
