/** What the store in memory keeps of shops' statements: `catalog-products.ts`, without anybody else to wait for. */
import type { HistoryEntry, TagWrite } from '../../application/ports.ts';
import { type CatalogProducts, type CatalogView, restorableDays } from '../../application/ports-catalog.ts';
import { CatalogMoved } from '../../domain/events/catalog-moved.ts';
import {
  type CatalogState,
  deletedAt,
  nothingStated,
  restored,
  withEvent,
} from '../../domain/events/catalog-state.ts';
import { admit, afterInput, type InputOrder } from '../../domain/tagging/input-order.ts';
import type { TagSet } from '../../domain/tagging/types.ts';

export interface MemoryCatalogNeeds {
  readonly clock: () => string;
  readonly products: Map<string, TagSet>;
  readonly withdrawn: Map<string, { readonly tagSet: TagSet; readonly at: string }>;
  readonly entries: ReadonlyMap<string, readonly HistoryEntry[]>;
  readonly orderOf: (productId: string) => InputOrder;
  readonly inputs: Map<string, InputOrder>;
  /** When a product was forgotten, and at which place among all inputs. */
  readonly graveOf: (productId: string) => { readonly sequence: number; readonly at: string } | undefined;
  readonly nextSequence: () => number;
  readonly deleteProduct: (productId: string) => readonly string[];
}

export interface MemoryCatalog extends CatalogProducts {
  /** Throws `CatalogMoved`. */
  meet(write: TagWrite): void;
  drop(productId: string): void;
  /** See `domain/events/catalog-state.ts`. */
  deletedAt(productId: string): number;
}

export function createMemoryCatalog(needs: MemoryCatalogNeeds): MemoryCatalog {
  const { clock, products, withdrawn, entries, orderOf, inputs, graveOf, nextSequence, deleteProduct } =
    needs;
  const rows = new Map<string, { readonly state: CatalogState; readonly version: number }>();

  const change = (productId: string, state: CatalogState) => {
    const before = rows.get(productId);
    if (JSON.stringify(before?.state) === JSON.stringify(state)) return;
    rows.set(productId, { state, version: (before?.version ?? 0) + 1 });
  };
  const view = (productId: string): CatalogView | null => {
    const row = rows.get(productId);
    if (!row) return null;
    const tagSet = products.get(productId) ?? null;
    return structuredClone({
      ...row,
      tagSet,
      withdrawn: withdrawn.get(productId)?.tagSet ?? null,
      inputs: orderOf(productId),
    });
  };

  return {
    async tagsAt(productId, at) {
      return (entries.get(productId) ?? []).find((entry) => entry.at <= at)?.tagSet ?? null;
    },
    async fold({ productId, event, moment }) {
      const grave = graveOf(productId);
      if (grave && (grave.sequence > moment.sequence || grave.at > moment.at)) return null;
      change(productId, withEvent(rows.get(productId)?.state ?? nothingStated, event, moment));
      return view(productId);
    },
    find: async (productId) => view(productId),
    async withdraw(productId, version) {
      const row = rows.get(productId);
      if (row?.version !== version) throw new CatalogMoved();
      const tagSet = products.get(productId);
      const { pictured = 0, titled = 0 } = row.state;
      const input = { sequence: pictured, attributes: null, titled };
      const order = orderOf(productId);
      if (!tagSet) return;
      if (!admit(order, input)?.newest) throw new CatalogMoved();
      products.delete(productId);
      withdrawn.set(productId, { tagSet, at: clock() });
      inputs.set(productId, afterInput(order, input));
    },
    async restore(productId, at) {
      const one = withdrawn.get(productId);
      const row = rows.get(productId);
      if (!one || !row || daysBetween(one.at, clock()) >= restorableDays) return null;
      withdrawn.delete(productId);
      products.set(productId, one.tagSet);
      change(productId, restored(row.state, { at, sequence: nextSequence() }));
      return structuredClone(one.tagSet);
    },
    async forgetWithdrawn(limit) {
      const over = [...withdrawn].filter(([, { at }]) => daysBetween(at, clock()) >= restorableDays);
      return over.slice(0, limit).map(([productId]) => deleteProduct(productId));
    },
    meet({ productId, catalog }) {
      if (catalog !== undefined && rows.get(productId)?.version !== catalog) throw new CatalogMoved();
    },
    deletedAt: (productId) => deletedAt(rows.get(productId)?.state ?? nothingStated),
    drop: (productId) => void rows.delete(productId),
  };
}

function daysBetween(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / 86_400_000;
}
