/** What a reviewer asks for: first in the caller's words, then checked against the taxonomy. */
import type { Attribute, AttributeValue, Category } from '../taxonomy/types.ts';

/** As the caller says it, other words for attributes included. Entries of `accept`, `reject` and `reset` are `<attribute>` or `<attribute>/<value>`. */
export interface ReviewWords {
  readonly set: Readonly<Record<string, readonly string[]>>;
  readonly clear: readonly string[];
  readonly accept: readonly string[];
  readonly reject: readonly string[];
  readonly reset: readonly string[];
  readonly category: string | null;
  readonly variant: string | null;
  readonly by: string | null;
}

export type Verb = 'set' | 'clear' | 'accept' | 'reject' | 'reset';

/** One verb on one attribute. */
export interface Step {
  readonly verb: Verb;
  readonly attribute: Attribute;
  /** In the caller's order, each once; none where the verb needs none, or where a bare attribute is accepted. */
  readonly values: readonly AttributeValue[];
  /** JSON pointer to where the caller said so. */
  readonly pointer: string;
}

/** What happens to the category; `node` is null where it is confirmed as it stands or handed back. */
export interface CategoryStep {
  readonly verb: 'set' | 'accept' | 'reset';
  readonly node: Category | null;
  readonly pointer: string;
}

export interface Renewed {
  /** `<attribute>/<value>`, as it was said. */
  readonly said: string;
  readonly taken: string;
  readonly pointer: string;
}

/** A review whose every id the taxonomy knows; whether the product can follow it shows when it is applied. */
export interface Review {
  readonly category: CategoryStep | null;
  readonly steps: readonly Step[];
  /** Values that are no longer given and were taken as what stands for them now. */
  readonly renewed: readonly Renewed[];
  readonly variant: string | null;
  readonly by: string | null;
}
