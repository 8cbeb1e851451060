/** Taxonomies and calibrations at the door. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  calibrationPageSchema,
  calibrationSchema,
  comparedTaxonomySchema,
  taxonomyPageSchema,
  taxonomyVersionSchema,
} from '../../src/http/wire-meanings.ts';
import { createWorld, type World } from './fake-services.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld({ jsonBytes: 4096 });
});
afterAll(() => world.app.close());

const call = (method: 'GET' | 'POST', url: string, payload?: object | string, type = 'application/json') =>
  world.app.inject({
    method,
    url,
    headers: { host: 'localhost', ...(payload === undefined ? {} : { 'content-type': type }) },
    ...(payload === undefined ? {} : { payload }),
  });
const files = { 'taxonomy.yaml': 'id: x' };

describe('taxonomies', () => {
  test('taken in, with what it means otherwise; once more is no second one', async () => {
    const created = await call('POST', '/admin/taxonomies', { files });
    expect(created.statusCode).toBe(201);
    expect(created.headers.location).toBe('/admin/taxonomies/1.1.0');
    comparedTaxonomySchema.parse(created.json());
    expect(
      (await call('POST', '/admin/taxonomies', { files: { 'taxonomy.yaml': 'again' } })).statusCode,
    ).toBe(200);
    expect((await call('POST', '/admin/taxonomies?store=false', { files })).statusCode).toBe(200);
  });

  test('every problem has its pointer', async () => {
    const answer = await call('POST', '/admin/taxonomies', { files: {} });
    expect(answer.statusCode).toBe(422);
    expect(answer.json()).toMatchObject({
      code: 'taxonomy.invalid',
      errors: [{ pointer: '/files/taxonomy.yaml', detail: 'is missing' }],
    });
  });

  test.each<[string, object | string | undefined, string, number, string]>([
    ['no body', undefined, '', 400, 'request.malformed'],
    ['no files', {}, '', 400, 'request.malformed'],
    ['a list of files', { files: ['id: x'] }, '', 400, 'request.malformed'],
    ['a file that is no text', { files: { 'taxonomy.yaml': 1 } }, '', 400, 'request.malformed'],
    ['another word', { files, activate: true }, '', 400, 'request.malformed'],
    ['a query that is not known', { files }, '?dry=1', 400, 'request.malformed'],
    ['too much', { files: { 'taxonomy.yaml': 'x'.repeat(5000) } }, '', 413, 'request.too_large'],
    ['no JSON', 'id: x', '', 400, 'request.malformed'],
  ])('%s', async (_, payload, query, status, code) => {
    const answer = await call('POST', `/admin/taxonomies${query}`, payload);
    expect([answer.statusCode, answer.json().code]).toEqual([status, code]);
  });

  test('a picture is no taxonomy', async () => {
    const answer = await call('POST', '/admin/taxonomies', 'pixels', 'image/png');
    expect(answer.statusCode).toBe(400);
    expect((await call('POST', '/admin/taxonomies', 'id: x', 'application/yaml')).statusCode).toBe(415);
  });

  test('listed, a page after the other', async () => {
    const first = taxonomyPageSchema.parse((await call('GET', '/admin/taxonomies?limit=1')).json());
    const second = await call('GET', `/admin/taxonomies?limit=1&cursor=${first.next}`);
    expect(taxonomyPageSchema.parse(second.json()).next).toBeNull();
    // A cursor of another list is none of this one.
    expect((await call('GET', `/admin/calibrations?cursor=${first.next}`)).statusCode).toBe(400);
  });

  test('one of them; activated now, or later', async () => {
    comparedTaxonomySchema.parse((await call('GET', '/admin/taxonomies/1.1.0')).json());
    for (const version of ['9.9.9', '..%2F', 'x', '1.1.0%00', '1'.repeat(60)])
      expect((await call('GET', `/admin/taxonomies/${version}`)).statusCode, version).toBe(404);
    const now = await call('POST', '/admin/taxonomies/1.1.0/activate');
    expect(now.statusCode).toBe(200);
    taxonomyVersionSchema.parse(now.json());
    const later = await call('POST', '/admin/taxonomies/2.0.0/activate');
    expect([later.statusCode, later.headers.location]).toEqual([202, '/admin/taxonomies/2.0.0']);
    taxonomyVersionSchema.parse(later.json());
  });
});

describe('calibrations', () => {
  const calibration = { id: 'm/1', model: 'm', taxonomy: 't@1.0.0', category: null, attributes: {} };

  test('taken in, listed, and made to count by an id with slashes', async () => {
    const created = await call('POST', '/admin/calibrations', calibration);
    expect(created.statusCode).toBe(201);
    calibrationSchema.parse(created.json());
    calibrationPageSchema.parse((await call('GET', '/admin/calibrations')).json());
    const active = await call('POST', '/admin/calibrations/m%2F1/activate');
    expect(calibrationSchema.parse(active.json()).state).toBe('active');
    for (const id of ['m%2F2', 'm%00', 'x'.repeat(300)])
      expect((await call('POST', `/admin/calibrations/${id}/activate`)).statusCode).toBe(404);
    for (const payload of ['1', 'null', '"x"'])
      expect((await call('POST', '/admin/calibrations', payload)).statusCode).toBe(400);
  });
});
