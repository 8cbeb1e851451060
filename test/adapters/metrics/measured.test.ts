import { describe, expect, test } from 'vitest';
import {
  measuredColors,
  measuredModel,
  measuredReader,
  measuredStore,
  measuredTagging,
} from '../../../src/adapters/metrics/measured.ts';
import { createMeter } from '../../../src/adapters/metrics/meter.ts';
import { createMemoryStore } from '../../../src/adapters/store/memory.ts';
import type { ImageModel, ImageReader } from '../../../src/application/ports.ts';
import { HangtagError } from '../../../src/domain/errors.ts';
import { sampleTagSet } from '../../http/fake-services.ts';

const spec = { size: 1, fit: 'squash', kernel: 'cubic' } as const;
const pixels = { width: 1, height: 1, data: new Uint8Array(3) };
const lines = async (meter: ReturnType<typeof createMeter>) => (await meter.render()).text.split('\n');

describe('measured ports', () => {
  test('give what the port gives, and time each call, failures too', async () => {
    const meter = createMeter();
    const prepared = {} as Awaited<ReturnType<ImageReader['prepare']>>;
    let fail = false;
    const reader = measuredReader(
      {
        async prepare() {
          if (fail) throw new HangtagError('image.unreadable', 'broken');
          return prepared;
        },
      },
      meter,
    );
    expect(await reader.prepare(new Uint8Array(1), spec)).toBe(prepared);
    fail = true;
    await expect(reader.prepare(new Uint8Array(1), spec)).rejects.toThrow('broken');

    const vector = new Float32Array(2);
    const signal = new AbortController().signal;
    const seen: unknown[] = [];
    const plain = {
      card: { id: 'm' },
      async embed(...args: unknown[]) {
        seen.push(...args);
        return vector;
      },
    } as unknown as ImageModel;
    const model = measuredModel(plain, meter);
    expect(await model.embed(pixels, signal)).toBe(vector);
    expect(seen).toEqual([pixels, signal]);
    expect(model.card).toBe(plain.card);
    expect(measuredColors(() => [], meter)(pixels, null)).toEqual([]);

    const text = await lines(meter);
    expect(text).toContain('hangtag_stage_duration_seconds_count{stage="decode"} 2');
    expect(text).toContain('hangtag_stage_duration_seconds_count{stage="inference"} 1');
    expect(text).toContain('hangtag_stage_duration_seconds_count{stage="colour"} 1');
    expect(text.join('\n')).not.toContain('stage="store"');
  });

  test('images that the store knows are hits, the others misses', async () => {
    const meter = createMeter();
    const facts = { sha256: 'a', width: 1, height: 1, format: 'png', size: 1 };
    const store = measuredStore(createMemoryStore({ clock: () => '2026-01-01T00:00:00Z' }), meter);
    await store.saveTags({
      productId: 'p',
      cause: 'request',
      images: [{ facts, colors: [] }],
      model: 'm@1',
      vectors: new Map([['a', new Float32Array([1])]]),
      input: null,
      call: null,
      decide: () => ({ tagSet: sampleTagSet('p'), revise: true }),
    });
    expect((await store.findImages(['a', 'b', 'c'], 'm@1')).size).toBe(1);
    expect((await store.findTags('p'))?.productId).toBe('p');
    await store.ping();
    expect((await store.history('p', 5, 1)).length).toBe(0);
    const text = await lines(meter);
    expect(text).toContain('hangtag_image_cache_total{result="hit"} 1');
    expect(text).toContain('hangtag_image_cache_total{result="miss"} 2');
    expect(text).toContain('hangtag_stage_duration_seconds_count{stage="store"} 4');
  });

  test('decisions of the model alone, and of this run alone', async () => {
    const meter = createMeter();
    const sample = sampleTagSet('p');
    const abstained = { ...sample.attributes.fit!, status: 'abstained', reason: 'ambiguous' } as const;
    const answer = { ...sample, attributes: { ...sample.attributes, fit: abstained } };
    const tag = measuredTagging(
      async (_: { attributes: readonly string[] | null }, _signal: AbortSignal) => answer,
      meter,
    );
    const signal = new AbortController().signal;
    expect(await tag({ attributes: null }, signal)).toBe(answer);
    await tag({ attributes: ['color'] }, signal);
    const text = (await lines(meter)).filter((line) => line.startsWith('hangtag_decisions_total'));
    expect(text.sort()).toEqual([
      'hangtag_decisions_total{attribute="category",status="accepted",reason=""} 1',
      'hangtag_decisions_total{attribute="color",status="accepted",reason=""} 2',
      'hangtag_decisions_total{attribute="fit",status="abstained",reason="ambiguous"} 1',
    ]);
  });
});

describe('the meter', () => {
  test('two of them share nothing, and only the one that is asked tells of the process', async () => {
    const [first, second] = [createMeter({ process: true }), createMeter()];
    first.images(5, 0);
    first.inferenceQueue.waiting(7);
    first.inferenceQueue.sent(4);
    first.decodeQueue.waiting(2);
    expect(await lines(second)).toContain('hangtag_image_cache_total{result="hit"} 0');
    const text = await lines(first);
    for (const line of [
      'hangtag_image_cache_total{result="hit"} 5',
      'hangtag_inference_waiting 7',
      'hangtag_decode_waiting 2',
      'hangtag_inference_batch_size_bucket{le="3"} 0',
      'hangtag_inference_batch_size_bucket{le="4"} 1',
    ])
      expect(text).toContain(line);
    expect(text.join('\n')).toContain('process_resident_memory_bytes');
    expect((await lines(second)).join('\n')).not.toContain('process_resident');
  });
});
