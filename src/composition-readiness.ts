/** What stands behind `/readyz`: everything that the service cannot do its work without. */
import type { Store } from './application/ports.ts';
import type { Originals } from './application/ports-originals.ts';
import type { Services } from './application/tag-request.ts';
import type { BankProgress } from './application/text-bank.ts';
import type { Outgoing } from './composition-delivery.ts';
import type { Models } from './composition-opened.ts';

export interface ReadinessNeeds {
  readonly store: Store;
  readonly originals: Originals;
  readonly models: Models;
  /** The taxonomy's captions as vectors; null where the model brings its own. */
  readonly captions: () => BankProgress | null;
  readonly outgoing: Pick<Outgoing, 'secretsFault'>;
}

export function createReadiness({
  store,
  originals,
  models,
  captions: known,
  outgoing,
}: ReadinessNeeds): Services['readiness'] {
  return async () => {
    const looks = [reason(store.ping()), reason(originals.ping()), outgoing.secretsFault()] as const;
    const [kept, pictures, secrets] = await Promise.all(looks);
    const captions = known();
    // A model in this process has inferred once before it counted as open. Secrets are named only where they are amiss.
    const checks = { model: models.away(), store: kept, originals: pictures };
    return {
      checks: secrets === null ? checks : { ...checks, secrets },
      captions: captions && { known: captions.texts, total: captions.ofTexts },
    };
  };
}

function reason(check: Promise<void>): Promise<string | null> {
  return check.then(
    () => null,
    (error: unknown) => (error instanceof Error ? error.message : 'failed'),
  );
}
