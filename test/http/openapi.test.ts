import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openApiDocument } from '../../src/http/openapi/document.ts';
import { importFailuresSchema, importPageSchema, importSchema } from '../../src/http/wire-imports.ts';
import {
  attributeSchema,
  healthSchema,
  modelSchema,
  problemSchema,
  readinessSchema,
  tagSetSchema,
  taxonomySchema,
} from '../../src/http/wire-schemas.ts';
import { createWorld, form, photo, type World } from './fake-services.ts';

const committed = path.resolve(import.meta.dirname, '../../docs/openapi.json');
let world: World;
beforeAll(async () => {
  world = await createWorld(
    {},
    {
      metrics: {
        request: () => {},
        door: () => {},
        render: async () => ({ contentType: 'text/plain', text: '' }),
      },
    },
  );
});
afterAll(() => world.app.close());
const get = async (url: string) => (await world.app.inject({ url, headers: { host: 'localhost' } })).json();

describe('OpenAPI', () => {
  test('docs/openapi.json is up to date (npm run openapi makes it)', () => {
    expect(JSON.parse(readFileSync(committed, 'utf8'))).toEqual(
      JSON.parse(JSON.stringify(openApiDocument())),
    );
  });

  test('every reference leads somewhere, and every route is in it', async () => {
    const text = JSON.stringify(openApiDocument());
    const { components, paths } = openApiDocument() as {
      components: { schemas: object };
      paths: Record<string, object>;
    };
    for (const [, name] of text.matchAll(/#\/components\/schemas\/(\w+)/g))
      expect(components.schemas).toHaveProperty([name!]);
    expect(text).not.toContain('$defs');
    for (const [url, methods] of Object.entries(paths)) {
      for (const method of Object.keys(methods)) {
        expect(
          world.app.hasRoute({
            method: method.toUpperCase() as 'GET',
            url: url.replaceAll(/\{(\w+)\}/g, ':$1'),
          }),
          `${method} ${url}`,
        ).toBe(true);
      }
    }
  });

  test('every route is described, with the scope that it asks for', () => {
    const { paths } = openApiDocument() as { paths: Record<string, Record<string, { 'x-scope'?: string }>> };
    const own = world.app.declaredRoutes.filter(
      ({ method, url }) => method !== 'HEAD' && !url.startsWith('/docs') && url !== '/openapi.json',
    );
    const described = Object.entries(paths).flatMap(([url, methods]) =>
      Object.entries(methods).map(([method, call]) => ({
        method: method.toUpperCase(),
        url: url.replaceAll(/\{(\w+)\}/g, ':$1'),
        scope: call['x-scope'],
      })),
    );
    const sorted = (list: { method: string; url: string }[]) =>
      list.map((one) => JSON.stringify(one, ['method', 'url', 'scope'])).sort();
    expect(sorted(described)).toEqual(sorted([...own]));
  });

  test('every answer is what its schema says', async () => {
    tagSetSchema.parse(await get('/products/sku/tags'));
    tagSetSchema.parse(
      (
        await world.app.inject({
          method: 'POST',
          url: '/products/sku/tags?minConfidence=0.8',
          ...form([photo()]),
        })
      ).json(),
    );
    taxonomySchema.parse(await get('/taxonomy'));
    attributeSchema.parse(await get('/taxonomy/attributes/color'));
    modelSchema.parse(await get('/model'));
    healthSchema.parse(await get('/healthz'));
    readinessSchema.parse(await get('/readyz'));
    const imported = '/admin/imports/5a3c7d52-7d1d-4a53-9a3c-2f9f6f1c2d10';
    importSchema.parse(await get(imported));
    importPageSchema.parse(await get('/admin/imports'));
    importFailuresSchema.parse(await get(`${imported}/failures`));
    for (const url of [
      '/nothing',
      '/products/unknown/tags',
      '/products/broken/tags',
      '/taxonomy/attributes/x',
    ])
      problemSchema.parse(await get(url));
  });

  test('the page and its assets come from here', async () => {
    const page = await world.app.inject({ url: '/docs', headers: { host: 'localhost' } });
    expect(page.statusCode).toBe(200);
    expect(page.headers['content-security-policy']).toContain("script-src 'self'");
    const assets = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1]!);
    expect(assets.length).toBeGreaterThan(3);
    for (const url of assets) {
      expect(url).toMatch(/^\/docs\//);
      expect((await world.app.inject({ url, headers: { host: 'localhost' } })).statusCode, url).toBe(200);
    }
    expect(await get('/openapi.json')).toMatchObject({ openapi: '3.1.0' });
  });
});
