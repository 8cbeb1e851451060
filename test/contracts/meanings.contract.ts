/** What every keeper of taxonomies and calibrations does. One place for all tests: they name versions of their own. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Meanings } from '../../src/application/ports-meaning.ts';
import type { Calibration } from '../../src/domain/tagging/calibration.ts';

const begun = { captions: null, waitingFor: null };
const half = { captions: { known: 1, total: 2 }, waitingFor: 'The model is away.' };
const taxonomy = (version: string, content = 'a') => ({
  version,
  id: 'small',
  contentHash: content,
  // What JSON can hold comes back, the odd characters too.
  files: { 'taxonomy.yaml': `${content}: \u0000 "ä" \ud800`, 'attributes/color.yaml': '' },
});
const calibration = (id: string, model = 'm', under = 'small@1.0.0'): Calibration => ({
  id,
  model,
  taxonomy: under,
  category: null,
  attributes: {},
});

export function meaningsContract(
  name: string,
  open: () => Promise<{ readonly meanings: Meanings; close(): Promise<void> }>,
): void {
  describe(`meanings: ${name}`, () => {
    let place: Awaited<ReturnType<typeof open>>;
    let meanings: Meanings;
    const [one, two] = [randomUUID(), randomUUID()];
    beforeAll(async () => {
      place = await open();
      meanings = place.meanings;
    });
    afterAll(() => place?.close());

    test('a version is one content: the same again changes nothing, another is refused', async () => {
      const first = await meanings.addTaxonomy(taxonomy('1.0.0'));
      expect(first).toMatchObject({
        created: true,
        stored: { version: '1.0.0', id: 'small', contentHash: 'a' },
      });
      expect(first.stored.activatedAt).toBeNull();
      expect(await meanings.addTaxonomy(taxonomy('1.0.0'))).toEqual({ stored: first.stored, created: false });
      for (const other of [taxonomy('1.0.0', 'b'), { ...taxonomy('1.0.0'), id: 'other' }])
        await expect(meanings.addTaxonomy(other)).rejects.toMatchObject({ code: 'taxonomy.conflict' });
      expect(await meanings.findTaxonomy('1.0.0')).toEqual({
        ...first.stored,
        files: taxonomy('1.0.0').files,
      });
      expect(await meanings.findTaxonomy('9.9.9')).toBeNull();
    });

    test('the same version added many times at once is created once', async () => {
      const added = await Promise.all([1, 2, 3, 4].map(() => meanings.addTaxonomy(taxonomy('1.1.0'))));
      expect(added.filter(({ created }) => created)).toHaveLength(1);
    });

    test('lists are newest first, a page after the other', async () => {
      // The embedded clock counts milliseconds: what comes in one has no order.
      for (const version of ['2.0.0', '1.9.0', '2.1.0']) {
        await sleep(2);
        await meanings.addTaxonomy(taxonomy(version));
      }
      const versions = async (limit: number, after: string | null) =>
        (await meanings.taxonomies(limit, after)).map(({ version }) => version);
      expect(await versions(3, null)).toEqual(['2.1.0', '1.9.0', '2.0.0']);
      expect(await versions(9, '1.9.0')).toEqual(['2.0.0', '1.1.0', '1.0.0']);
      expect(await versions(9, '1.0.0')).toEqual([]);
      expect(await versions(9, 'nothing')).toEqual([]);
    });

    test('nothing is active at first but the folder', async () => {
      expect(await meanings.active()).toEqual({
        generation: 0,
        taxonomy: null,
        switchedAt: null,
        preparing: null,
        failure: null,
      });
      expect(await meanings.want(null)).toBeNull();
    });

    test('a wish is claimed by one, prepared, and switched to', async () => {
      const ticket = (await meanings.want('2.0.0'))!;
      expect((await meanings.active()).preparing).toEqual({
        ticket,
        taxonomy: '2.0.0',
        progress: begun,
        idle: true,
      });
      expect(await meanings.claim(ticket, one, 60_000, begun)).toBe(true);
      expect(await meanings.claim(ticket, two, 60_000, begun)).toBe(false);
      expect(await meanings.claim(ticket, one, 60_000, half)).toBe(true);
      expect((await meanings.active()).preparing).toMatchObject({ idle: false, progress: half });
      expect(await meanings.switchOver(ticket, two)).toBe(false);
      expect((await meanings.active()).taxonomy).toBeNull();
      expect(await meanings.switchOver(ticket, one)).toBe(true);
      expect(await meanings.active()).toMatchObject({ generation: 1, taxonomy: '2.0.0', preparing: null });
      expect((await meanings.active()).switchedAt).not.toBeNull();
      expect((await meanings.findTaxonomy('2.0.0'))?.activatedAt).not.toBeNull();
      expect(await meanings.switchOver(ticket, one)).toBe(false);
      expect(await meanings.claim(ticket, one, 60_000, begun)).toBe(false);
    });

    test('a later wish takes the place of the one before, whoever worked on it', async () => {
      const first = (await meanings.want('2.1.0'))!;
      expect(await meanings.claim(first, one, 60_000, begun)).toBe(true);
      const second = (await meanings.want(null))!;
      expect(await meanings.claim(first, one, 60_000, begun)).toBe(false);
      expect(await meanings.switchOver(first, one)).toBe(false);
      expect(await meanings.claim(second, two, 60_000, begun)).toBe(true);
      expect(await meanings.switchOver(second, two)).toBe(true);
      expect(await meanings.active()).toMatchObject({ generation: 2, taxonomy: null });
      // What is active already ends the wish, and is none.
      await meanings.want('2.1.0');
      expect(await meanings.want(null)).toBeNull();
      expect(await meanings.active()).toMatchObject({ generation: 2, preparing: null });
    });

    test('whoever falls silent loses the wish, and whoever lets go gives it away at once', async () => {
      const ticket = (await meanings.want('2.1.0'))!;
      expect(await meanings.claim(ticket, one, 20, half)).toBe(true);
      await sleep(60);
      expect((await meanings.active()).preparing).toMatchObject({ idle: true });
      expect(await meanings.claim(ticket, two, 60_000, begun)).toBe(true);
      expect(await meanings.claim(ticket, one, 60_000, begun)).toBe(false);
      await meanings.release(ticket, one);
      expect((await meanings.active()).preparing).toMatchObject({ idle: false });
      await meanings.release(ticket, two);
      expect(await meanings.claim(ticket, one, 60_000, begun)).toBe(true);
    });

    test('what cannot be prepared ends with its reason, until the next wish', async () => {
      const { preparing } = await meanings.active();
      await meanings.giveUp(preparing!.ticket, two, 'not mine');
      expect((await meanings.active()).failure).toBeNull();
      await meanings.giveUp(preparing!.ticket, one, 'It lacks "jeans".');
      expect(await meanings.active()).toMatchObject({
        generation: 2,
        taxonomy: null,
        preparing: null,
        failure: { taxonomy: '2.1.0', detail: 'It lacks "jeans".' },
      });
      await meanings.want(null);
      expect((await meanings.active()).failure).toBeNull();
    });

    test('a calibration is kept by its id, and chosen for its model and taxonomy', async () => {
      const [a, b] = [calibration('m/1.0.0/1'), calibration('m/1.0.0/2')];
      expect(await meanings.addCalibration(a, 'a')).toMatchObject({
        created: true,
        stored: { chosen: false },
      });
      expect(await meanings.addCalibration(a, 'a')).toMatchObject({ created: false });
      await expect(meanings.addCalibration(a, 'b')).rejects.toMatchObject({ code: 'calibration.conflict' });
      await meanings.addCalibration(b, 'b');
      await meanings.addCalibration(calibration('other', 'm', 'small@2.0.0'), 'c');
      expect((await meanings.calibrations(2, null)).map((each) => each.calibration.id)).toEqual([
        'other',
        b.id,
      ]);
      expect((await meanings.calibrations(2, b.id)).map((each) => each.calibration)).toEqual([a]);

      const chosen = async () => (await meanings.chosenCalibration('m', 'small@1.0.0'))?.id ?? null;
      const { generation } = await meanings.active();
      expect(await chosen()).toBeNull();
      await meanings.chooseCalibration('m', 'small@1.0.0', a.id);
      await meanings.chooseCalibration('m', 'small@1.0.0', b.id);
      expect(await chosen()).toBe(b.id);
      expect(await meanings.findCalibration(a.id)).toMatchObject({ chosen: false });
      expect((await meanings.findCalibration(b.id))?.activatedAt).not.toBeNull();
      expect(await meanings.chosenCalibration('m', 'small@2.0.0')).toBeNull();
      for (const wrong of ['nothing', 'other'])
        await expect(meanings.chooseCalibration('m', 'small@1.0.0', wrong)).rejects.toMatchObject({
          code: 'calibration.not_found',
        });
      expect(await chosen()).toBe(b.id);
      await meanings.chooseCalibration('m', 'small@1.0.0', null);
      expect(await chosen()).toBeNull();
      expect((await meanings.active()).generation).toBe(generation + 3);
    });
  });
}
