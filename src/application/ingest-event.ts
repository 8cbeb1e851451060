/**
 * Works what a shop says of a product into its tags. First the event is folded into what was said before; then the product is decided from
 * all of that, whatever came first. Where more is said, or asked, in between, it is decided again: the last to write knows everything.
 */

import { HangtagError } from '../domain/errors.ts';
import type { CatalogEvent, EventSource } from '../domain/events/catalog-event.ts';
import { CatalogMoved } from '../domain/events/catalog-moved.ts';
import { isDeleted, isRestored, type Moment } from '../domain/events/catalog-state.ts';
import { withoutEchoes } from '../domain/events/echo.ts';
import { planEvent } from '../domain/events/event-plan.ts';
import { tagCatalog } from '../domain/events/tag-catalog.ts';
import type { Meaning } from '../domain/tagging/decide-product.ts';
import { changed } from '../domain/tagging/merge.ts';
import { uncalibrated } from '../domain/tagging/redecide.ts';
import type { TagSet } from '../domain/tagging/types.ts';
import { type EventPicturesNeeds, fetchStated, lookAgain } from './event-pictures.ts';
import type { Clock, Store, TagWrite } from './ports.ts';
import type { CatalogProducts, CatalogView } from './ports-catalog.ts';
import type { Originals } from './ports-originals.ts';
import { provenanceOf } from './provenance.ts';
import { modelKey } from './read-image.ts';
import { createSaveWithOriginals } from './save-with-originals.ts';
import { type LoadProfile, withProfiles } from './with-profiles.ts';

export interface Ingestion {
  readonly source: EventSource;
  readonly event: CatalogEvent;
  /** When it was said, and its place among all inputs. */
  readonly moment: Moment;
  /** Id of the operation or the import behind it. */
  readonly causeId: string;
  /** Another try will follow: an image that cannot be fetched right now is a reason for it. */
  readonly patient: boolean;
}

/**
 * Done twice it comes to the same. `revision` null: nothing of the product stands. `worked`: pictures that the model had to look at.
 * Raises what makes the event fail; retryable faults may pass.
 */
export type IngestEvent = (
  ingestion: Ingestion,
  signal: AbortSignal,
) => Promise<{ readonly revision: number | null; readonly worked: number }>;

export interface IngestEventNeeds extends EventPicturesNeeds {
  readonly meaning: Meaning;
  readonly loadProfile: LoadProfile;
  readonly catalog: CatalogProducts;
  readonly store: Store;
  readonly originals: Originals;
  readonly clock: Clock;
}

/** How often others may say something of the same product, or ask for it, before this event is put off. */
const looks = 6;

export function createIngestEvent(needs: IngestEventNeeds): IngestEvent {
  const { meaning, loadProfile, model, catalog, store, originals, clock } = needs;
  const saveWithOriginals = createSaveWithOriginals({
    store: { saveTags: (write) => withProfiles(loadProfile, () => store.saveTags(write)) },
    originals,
  });

  async function work(ingestion: Ingestion, view: CatalogView, signal: AbortSignal) {
    const { source, event, causeId, patient } = ingestion;
    const { productId } = event;
    const revives = isRestored(view.state);
    const tagSet = view.tagSet ?? (revives ? view.withdrawn : null);
    const plan = planEvent(event, view.state, view.inputs, tagSet);
    // A request that came after the deletion has brought the product back.
    if (isDeleted(view.state) && (!tagSet || plan.admitted?.newest)) {
      await catalog.withdraw(productId, view.version);
      return { revision: null, worked: 0 };
    }
    const stated = plan.fetch && (await fetchStated(needs, plan.fetch, patient, signal));
    // None of the new pictures can be used: those that stand stay, and the words count all the same.
    const pictures = !stated || (stated.failed && tagSet) ? await lookAgain(needs, tagSet, signal) : stated;
    const { evidence, images, known, contents } = pictures;
    const provenance = provenanceOf(meaning, model, clock());
    const warnings = meaning.calibration ? [] : [uncalibrated];
    const write: TagWrite = {
      productId,
      cause: source === 'import' ? 'import' : 'webhook',
      causeId,
      images: known.map(({ facts, colors }) => ({ facts, colors })),
      model: modelKey(model),
      vectors: new Map(
        model.keepsVectors === false ? [] : known.map(({ facts, vector }) => [facts.sha256, vector]),
      ),
      input: stated?.failed ? { ...plan.input, attributes: [] } : plan.input,
      call: null,
      catalog: view.version,
      revives,
      decide(current, admitted) {
        const moved =
          !same(current?.images, tagSet?.images) || (!stated?.failed && !same(admitted, plan.admitted));
        if (moved) throw new CatalogMoved();
        const decided = tagCatalog(meaning, {
          productId,
          plan,
          current,
          evidence,
          images,
          provenance: evidence === null && current ? current.provenance : provenance,
          warnings,
        });
        const revise = changed(current, decided);
        const news = revise || !plan.ordered || view.withdrawn !== null || !alike(current, decided);
        return news ? { tagSet: decided, revise } : null;
      },
    };
    const fresh = known.filter((image) => image.fresh).map(({ facts }) => facts.sha256);
    const saved = await saveWithOriginals(write, contents, fresh);
    // Nothing rests on it: at worst the pictures are sent once more.
    await pictures.remember().catch(() => {});
    if (stated?.failed) throw stated.failed;
    return { revision: saved.revision, worked: fresh.length };
  }

  return async (ingestion, signal) => {
    const { source, event, moment } = ingestion;
    const { productId } = event;
    const seen = event.type === 'product.upserted' ? await catalog.tagsAt(productId, moment.at) : null;
    const heard = event.type === 'product.upserted' ? withoutEchoes(meaning.taxonomy, event, seen) : event;
    let view = await catalog.fold({ productId, source, event: heard, moment });
    for (let look = 1; view; look++) {
      try {
        return await work(ingestion, view, signal);
      } catch (error) {
        if (!(error instanceof CatalogMoved)) throw error;
        if (look === looks) throw busy(error);
        view = await catalog.find(productId);
      }
    }
    return { revision: null, worked: 0 };
  };
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
}

/** The same in every word, whenever it was said. */
function alike(before: TagSet | null, after: TagSet): boolean {
  const words = (tagSet: TagSet) => ({ ...tagSet, provenance: { ...tagSet.provenance, taggedAt: '' } });
  return before !== null && same(words(before), words(after));
}

function busy(cause: unknown): HangtagError {
  const detail = 'Too much is being said of this product at once; it is tried again.';
  return new HangtagError('store.unavailable', detail, { cause, retryAfter: 2 });
}
