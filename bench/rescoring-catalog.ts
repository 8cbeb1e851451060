/**
 * `npx tsx bench/rescoring-catalog.ts [products] [pictures of each]`: a whole catalog scored again, from reading to the last write,
 * on the embedded database and on PostgreSQL where TEST_DATABASE_URL names a server. What is written is small where
 * nothing changed and much where a threshold did: both are measured. Products a second are this machine's; CPU is less so.
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createRescoringPool } from '../src/adapters/rescoring/thread-pool.ts';
import { createPgliteStore } from '../src/adapters/store/pglite.ts';
import { createPostgresStore } from '../src/adapters/store/postgres.ts';
import { vectorToBytes } from '../src/adapters/store/rows.ts';
import type { SqlStore } from '../src/adapters/store/sql-store.ts';
import { rescoredPages } from '../src/application/rescored-pages.ts';
import type { Calibration } from '../src/domain/tagging/calibration.ts';
import { decideProduct, type Meaning } from '../src/domain/tagging/decide-product.ts';
import { merge } from '../src/domain/tagging/merge.ts';
import { tagFacts } from '../src/domain/tagging/tag-facts.ts';
import { attributeThresholds } from '../src/domain/tagging/thresholds.ts';
import type { TagSet } from '../src/domain/tagging/types.ts';
import { freshDatabase } from '../test/adapters/store/fresh-database.ts';
import { captionedBank, loadTaxonomy, pictureOf } from '../test/domain/tagging/captioned-world.ts';

const products = Number(process.argv[2] ?? 20_000);
const pictures = Number(process.argv[3] ?? 1);
const threads = Number(process.env.BENCH_THREADS ?? 2);
const pageSize = Number(process.env.BENCH_PAGE ?? 100);
/** Products that differ from one another; the others are like one of them, under another id and with other pictures. */
const kinds = 400;
const log = { info() {}, warn: console.warn, error: console.error };

const taxonomy = await loadTaxonomy();
const bank = captionedBank(taxonomy, 512);
const calibration = (id: string, changes: Calibration['attributes'] = {}): Calibration => ({
  id,
  model: bank.model,
  taxonomy: taxonomy.version,
  category: null,
  attributes: changes,
});
const first: Meaning = { taxonomy, bank, calibration: calibration('first') };
const provenanceOf = ({ calibration }: Meaning, taggedAt: string) => ({
  backend: 'onnx',
  model: bank.model,
  taxonomy: `${taxonomy.id}@${taxonomy.version}`,
  taxonomyHash: taxonomy.contentHash,
  calibration: calibration?.id ?? null,
  taggedAt,
});

const made = Array.from({ length: kinds }, (_, kind) => {
  const images = Array.from({ length: pictures }, (_, index) => pictureOf(taxonomy, bank, kind, index));
  const answer = decideProduct(first, { images, category: null, attributes: null, explain: false });
  return { images, answer, vectors: images.map(({ vector }) => vectorToBytes(vector)) };
});

const idOf = (number: number) => `sku-${String(number).padStart(8, '0')}`;
const shaOf = (number: number, index: number) => `${number}x${index}`.padStart(64, '0');

function tagSetOf(number: number): TagSet {
  const { answer, images } = made[number % kinds]!;
  return {
    ...merge(null, {
      productId: idOf(number),
      title: `Product ${number}`,
      answer,
      attributes: null,
      images: images.map(({ index }) => ({
        index,
        status: 'ok' as const,
        sha256: shaOf(number, index),
        width: 1200,
        height: 1600,
        view: null,
        variant: null,
        ref: null,
      })),
      provenance: provenanceOf(first, '2026-11-01T00:00:00.000Z'),
      warnings: [],
    }),
    revision: 1,
  };
}

/** Rows as the store writes them, by the thousand. */
async function fill(store: SqlStore): Promise<void> {
  for (let done = 0; done < products; done += 500) {
    const numbers = Array.from({ length: Math.min(500, products - done) }, (_, index) => done + index);
    const tagSets = numbers.map(tagSetOf);
    const facts = tagSets.map(tagFacts);
    const ids = numbers.map(idOf);
    const texts = tagSets.map((tagSet) => JSON.stringify(tagSet));
    await store.execute(
      `insert into products (product_id, revision, tag_set, category_id, accepted, pending, uncertainty, failed)
       select id, 1, tag_set::json, category, array(select json_array_elements_text(accepted::json)), pending, uncertainty, false
       from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::boolean[], $6::float8[])
         as fresh (id, tag_set, category, accepted, pending, uncertainty)`,
      [
        ids,
        texts,
        facts.map(({ category }) => category),
        facts.map(({ accepted }) => JSON.stringify(accepted)),
        facts.map(({ pending }) => pending),
        facts.map(({ uncertainty }) => uncertainty),
      ],
    );
    await store.execute(
      `insert into tag_history (product_id, revision, tag_set, cause)
       select id, 1, tag_set::json, 'request' from unnest($1::text[], $2::text[]) as fresh (id, tag_set)`,
      [ids, texts],
    );
    const uses = numbers.flatMap((number) =>
      made[number % kinds]!.images.map(({ index }) => ({ number, index })),
    );
    const hashes = uses.map(({ number, index }) => shaOf(number, index));
    const of = (read: (picture: (typeof made)[number]['images'][number]) => string) =>
      uses.map(({ number, index }) => read(made[number % kinds]!.images[index]!));
    await store.execute(
      `insert into images (sha256, width, height, format, size, colors)
       select sha256, 1200, 1600, 'jpeg', 200000, colors::json from unnest($1::text[], $2::text[]) as fresh (sha256, colors)`,
      [hashes, of(({ colors }) => JSON.stringify(colors))],
    );
    await store.execute(
      `insert into image_vectors (sha256, model, vector)
       select sha256, $2, vector from unnest($1::text[], $3::bytea[]) as fresh (sha256, vector)`,
      [hashes, bank.model, uses.map(({ number, index }) => made[number % kinds]!.vectors[index]!)],
    );
    await store.execute(
      `with uses as (
         insert into product_images (product_id, position, sha256)
         select * from unnest($1::text[], $2::integer[], $3::text[]) returning product_id, sha256)
       insert into picture_mentions (product_id, sha256) select product_id, sha256 from uses`,
      [uses.map(({ number }) => idOf(number)), uses.map(({ index }) => index), hashes],
    );
  }
  for (const table of ['products', 'tag_history', 'images', 'image_vectors', 'product_images'])
    await store.execute(`vacuum (analyze) ${table}`);
}

/** CPU seconds of the server's processes; 0 for the embedded database, which is part of this one. */
async function serverCpu(store: SqlStore, embedded: boolean): Promise<number> {
  if (embedded) return 0;
  const { rows } = await store.execute('select pid from pg_stat_activity');
  return rows.reduce((sum, { pid }) => sum + cpuSeconds(Number(pid)), 0);
}

function cpuSeconds(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0;
  }
}

async function measure(name: string, what: string, store: SqlStore, meaning: Meaning): Promise<void> {
  const rescorer = createRescoringPool({ meaning, threads, maxWaiting: 4 });
  // Threads start before the clock does.
  await Promise.all(Array.from({ length: threads }, () => rescorer.rescore([], provenanceOf(meaning, ''))));
  const before = process.memoryUsage().rss;
  let peak = before;
  const loop = monitorEventLoopDelay({ resolution: 5 });
  loop.enable();
  const server = await serverCpu(store, name === 'embedded');
  const cpu = process.cpuUsage();
  const began = performance.now();
  const counts = { same: 0, unknown: 0, failed: 0, 'in place': 0, revised: 0, moved: 0 };
  const run = {
    scope: { all: true },
    model: bank.model,
    after: '',
    pageSize,
    provenance: () => provenanceOf(meaning, new Date().toISOString()),
  } as const;
  const cause = { cause: 'retag', causeId: 'bench' };
  for await (const { outcomes } of rescoredPages(
    { store: store.rescoring, rescorer },
    run,
    AbortSignal.timeout(600_000),
  )) {
    const writes = outcomes.flatMap((outcome) => (outcome.kind === 'decided' ? [outcome] : []));
    for (const { kind } of outcomes) if (kind !== 'decided') counts[kind]++;
    for (const { revise } of writes) counts[revise ? 'revised' : 'in place']++;
    if (writes.length > 0) counts.moved += (await store.rescoring.writeRescored(writes, cause)).moved.length;
    peak = Math.max(peak, process.memoryUsage().rss);
  }
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const own = (user + system) / 1000 / products;
  const theirs = (((await serverCpu(store, name === 'embedded')) - server) * 1000) / products;
  loop.disable();
  await rescorer.close();
  const told = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => `${count} ${kind}`)
    .join(', ');
  console.log(
    `| ${name} | ${pictures} | ${what}: ${told} | ${Math.round(products / seconds)} | ${own.toFixed(2)} + ${theirs.toFixed(2)} | ${Math.round(2000 / (own + theirs))} | ${Math.round((peak - before) / 2 ** 20)} | ${(loop.percentile(99) / 1e6).toFixed(0)} |`,
  );
}

/** One attribute asks for a little more: every product that has it is written, and few change. */
function stricter(id: string, by: number): Meaning {
  const { calibrated: _, ...before } = attributeThresholds(null, taxonomy.attributeById.get('pattern')!);
  return { ...first, calibration: calibration(id, { pattern: { ...before, accept: before.accept + by } }) };
}

async function all(name: string, store: SqlStore): Promise<void> {
  const began = performance.now();
  await fill(store);
  console.error(`${name}: filled in ${Math.round((performance.now() - began) / 1000)} s`);
  await measure(name, 'nothing changed', store, first);
  await measure(name, 'a threshold', store, stricter('second', 0.03));
  await store.close();
}

console.log(`${products} products, ${threads} threads, pages of ${pageSize}

| database | pictures | what | products/s | CPU ms a product, own + server | products/s on two free cores | MiB more | loop p99, ms |
|---|---|---|---|---|---|---|---|`);
const folder = await mkdtemp(path.join(tmpdir(), 'hangtag-rescoring-'));
try {
  if (process.env.BENCH_ONLY !== 'postgres') {
    await all(
      'embedded',
      await createPgliteStore({ directory: path.join(folder, 'db'), durability: 'full', log }),
    );
  }
  const server = process.env.TEST_DATABASE_URL;
  if (server) {
    const database = await freshDatabase(server);
    await all('PostgreSQL', await createPostgresStore({ url: database.url, log }));
    await database.drop();
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
