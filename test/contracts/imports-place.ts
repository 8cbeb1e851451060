/** A place for imports on a database: the store, and a queue that only writes down what it was given. */
import type { SqlStore } from '../../src/adapters/store/sql-store.ts';
import type { ImportPlace } from './imports.contract.ts';

/** `execute`: one statement with its values, beside the store. */
export function importPlace(store: SqlStore): ImportPlace {
  const jobs: ImportPlace['jobs'] = [];
  return {
    jobs,
    imports: store.imports(async (_within, given, after = 0) => {
      jobs.push(...given.map((job) => ({ job, after })));
    }, 2),
    async told(id) {
      const { rows } = await store.execute(`select body from events where type = 'import.finished'`);
      return rows.map(({ body }) => JSON.parse(String(body))).filter(({ data }) => data.importId === id);
    },
    forget: (productId) => store.deleteProduct(productId),
    expire: (id) => store.execute('update import_items set due_at = now() where import_id = $1', [id]),
    silence: (id) =>
      store.execute(`update imports set busy_until = now() - interval '1 hour' where id = $1`, [id]),
    close: () => store.close(),
  };
}
