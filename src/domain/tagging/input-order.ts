/**
 * Inputs for one product are accepted in an order and finish in any other. What stands in the end must be what their
 * order of acceptance would have given: an older input never writes over what a newer one decided.
 */

/** An accepted input: its place in the order, and what it decides (null: everything). */
export interface TagInput {
  readonly sequence: number;
  readonly attributes: readonly string[] | null;
  /** The place of the title that comes with it; absent where none does. */
  readonly titled?: number;
}

/** Who decided what stands: the newest input that decided everything, and newer ones for single attributes. */
export interface InputOrder {
  readonly full: number;
  readonly partial: Readonly<Record<string, number>>;
  /** Of the newest title. */
  readonly titled?: number;
}

/** What an input may still write. */
export interface Admitted {
  /** No newer input has been written: its pictures and fields are the product's. */
  readonly newest: boolean;
  /** Attributes that a newer input has decided, to be left as they are. */
  readonly keep: readonly string[];
  /** The title is a newer input's. */
  readonly keepTitle?: true;
}

export const noInputs: InputOrder = { full: 0, partial: {} };

/** Null where a newer input has decided everything that this one would. The same input twice is admitted twice. */
export function admit(order: InputOrder, { sequence, attributes }: TagInput): Admitted | null {
  if (sequence < order.full) return null;
  const newer = Object.entries(order.partial).filter(([, other]) => other > sequence);
  const keep = newer.map(([id]) => id);
  if (attributes?.every((id) => keep.includes(id))) return null;
  const keepTitle = (order.titled ?? 0) > sequence ? { keepTitle: true as const } : {};
  return { newest: newer.length === 0, keep, ...keepTitle };
}

/** The order once an admitted input is written. */
export function afterInput(before: InputOrder, { sequence, attributes, titled = 0 }: TagInput): InputOrder {
  const title = Math.max(before.titled ?? 0, titled);
  const order = title > 0 ? { ...before, titled: title } : before;
  if (attributes === null) {
    const newer = Object.entries(order.partial).filter(([, other]) => other > sequence);
    return { ...order, full: sequence, partial: Object.fromEntries(newer) };
  }
  const mine = attributes.filter((id) => (order.partial[id] ?? 0) <= sequence);
  return { ...order, partial: { ...order.partial, ...Object.fromEntries(mine.map((id) => [id, sequence])) } };
}
