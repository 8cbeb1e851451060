import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { ConfigError, describeSettings, parseConfig } from '../src/config.ts';

const problems = (environment: Record<string, string>) => {
  try {
    parseConfig(environment, '/root-of-hangtag');
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
};

describe('settings', () => {
  test('nothing set is a working service on loopback', () => {
    expect(parseConfig({}, '/r')).toMatchObject({
      HOST: '127.0.0.1',
      PORT: 3000,
      INFERENCE_BACKEND: 'bundled',
      DURABILITY: 'full',
      taxonomyDir: '/r/taxonomy',
      modelDir: '/r/models/bundled',
    });
  });

  test('empty counts as not set; others’ variables are none of our business', () => {
    expect(parseConfig({ PORT: '', DATABASE_URL: ' ', HOME: '/x' }, '/r').PORT).toBe(3000);
  });

  test('everything that is wrong is listed at once', () => {
    const found = problems({
      PORT: '70000',
      LOG_LEVEL: 'loud',
      DATABASE_URL: 'mysql://x',
      INFERENCE_WORKERS: 'many',
      DURABILITY: 'some',
    });
    expect(found.map((line) => line.split(':')[0])).toEqual([
      'PORT',
      'LOG_LEVEL',
      'DATABASE_URL',
      'DURABILITY',
      'INFERENCE_WORKERS',
    ]);
  });

  test.each(['0.0.0.0', '192.168.1.4', 'example.org', '::'])(
    'HOST %s is refused while there are no keys',
    (host) => {
      expect(problems({ HOST: host })).toHaveLength(1);
      expect(problems({ HOST: 'localhost' })).toEqual([]);
    },
  );

  test('secrets of webhooks: several, and never repeated in what is wrong with them', () => {
    const good = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
    const config = parseConfig(
      { WEBHOOK_SECRET_CATALOG: `${good}, ${good}`, WEBHOOK_SECRET_SHOPIFY: 'x' },
      '/app',
    );
    expect([config.WEBHOOK_SECRET_CATALOG, config.WEBHOOK_SECRET_SHOPIFY]).toEqual([[good, good], ['x']]);
    const wrong = problems({ WEBHOOK_SECRET_CATALOG: `${good},hush`, WEBHOOK_SECRET_WOOCOMMERCE: 'hush,' });
    expect(wrong).toEqual([
      'WEBHOOK_SECRET_CATALOG: secret 2 must be whsec_ and 24 to 64 bytes in base64',
      'WEBHOOK_SECRET_WOOCOMMERCE: secret 2 must not be empty',
    ]);
  });

  test('tags are never the merchant’s word', () => {
    for (const fields of ['color,tags', 'Tags=color', 'color=', 'color,,material'])
      expect(problems({ MERCHANT_FIELDS_SHOPIFY: fields })).toHaveLength(1);
    expect(problems({ MERCHANT_FIELDS_WOOCOMMERCE: 'categories, Farbe=color' })).toEqual([]);
  });

  test('what images may be fetched from is whole folders and whole origins', () => {
    const config = parseConfig(
      {
        S3_ALLOW_PREFIXES: 's3://shop/, s3://media/catalog/2026/',
        FETCH_ALLOW_ORIGINS: 'http://images:8080,https://10.0.0.7',
      },
      '/app',
    );
    expect([config.S3_ALLOW_PREFIXES, config.FETCH_ALLOW_ORIGINS]).toEqual([
      ['s3://shop/', 's3://media/catalog/2026/'],
      ['http://images:8080', 'https://10.0.0.7'],
    ]);
    expect(
      problems({
        S3_ALLOW_PREFIXES: 's3://shop,s3://shop/a,s3://shop/../,https://shop/',
        FETCH_ALLOW_ORIGINS: 'images,http://images/a.jpg,ftp://images,http://u@images',
      }),
    ).toHaveLength(7);
  });

  test('a backend and what it needs belong together', () => {
    expect(problems({ INFERENCE_BACKEND: 'sagemaker' })).toEqual([
      'SAGEMAKER_ENDPOINT: INFERENCE_BACKEND=sagemaker needs it',
    ]);
    expect(problems({ INFERENCE_BACKEND: 'onnx', SAGEMAKER_ENDPOINT: 'clip' })).toEqual([
      'SAGEMAKER_ENDPOINT: is set, but INFERENCE_BACKEND is onnx: set it to sagemaker',
      'ONNX_MODEL_DIR: INFERENCE_BACKEND=onnx needs it',
    ]);
    expect(problems({ INFERENCE_BACKEND: 'sagemaker', SAGEMAKER_ENDPOINT: 'arn:aws:sagemaker:x' })).toEqual([
      'SAGEMAKER_ENDPOINT: must be the name of an endpoint, not its ARN or URL',
    ]);
    expect(parseConfig({ INFERENCE_BACKEND: 'onnx', ONNX_MODEL_DIR: '/m/../n' }, '/r').onnxModelDir).toBe(
      '/n',
    );
    expect(
      parseConfig({ INFERENCE_BACKEND: 'sagemaker', SAGEMAKER_ENDPOINT: 'hangtag-clip' }, '/r'),
    ).toMatchObject({ SAGEMAKER_CONCURRENCY: 4, SAGEMAKER_MAX_PAYLOAD: 5_500_000, CLIP_TEMPLATES: 1 });
  });

  test('README’s table is made of them', () => {
    const readme = readFileSync(path.resolve(import.meta.dirname, '../README.md'), 'utf8');
    const head = '| setting | default | meaning |\n|---|---|---|\n';
    const table = readme.split(head)[1]?.split('\n\n')[0];
    const rows = describeSettings().map(
      ({ name, default: fallback, meaning }) =>
        `| \`${name}\` | ${fallback === '' ? '' : `\`${fallback}\``} | ${meaning} |`,
    );
    expect(table).toBe(rows.join('\n'));
  });

  test('every setting has a meaning', () => {
    for (const { name, meaning } of describeSettings()) expect(meaning, name).toMatch(/\w+.*\.$/);
  });
});

describe('API_KEYS', () => {
  const digest = 'ab'.repeat(32);

  test('a typed list, and any HOST with it', () => {
    const config = parseConfig(
      { API_KEYS: `shop:tag+read:${digest}, boss:admin:${digest.toUpperCase()}`, HOST: '0.0.0.0' },
      '/r',
    );
    expect(config.API_KEYS).toEqual([
      { id: 'shop', scopes: ['tag', 'read'], sha256: digest },
      { id: 'boss', scopes: ['admin'], sha256: digest },
    ]);
    expect(parseConfig({}, '/r').API_KEYS).toBeUndefined();
    expect(problems({ HOST: '0.0.0.0' })[0]).toContain('set API_KEYS');
  });

  test('every mistake is listed at once, with its place', () => {
    const entries = [
      `ok:tag:${digest}`,
      `ok:read:${digest}`,
      `a:tga:${digest}`,
      'b:tag:short',
      `c::${digest}`,
      `D_d:tag:${digest}`,
      '',
      'e:tag',
      `f:tag:${digest}:more`,
      `g:tag+:zz`,
    ];
    expect(problems({ API_KEYS: entries.join(','), PORT: 'x' }).map((line) => line.slice(0, 40))).toEqual(
      [
        'PORT: PORT must be a number',
        'API_KEYS: entry 2 (ok): the id is there already',
        'API_KEYS: entry 3 (a): scopes are read, tag, review, admin, joined by +',
        'API_KEYS: entry 4 (b): the sha256 must be 64 hexadecimal digits',
        'API_KEYS: entry 5: scopes are read, tag, review, admin, joined by +',
        'API_KEYS: entry 6: the id must be 1 to 32 of a-z, 0-9 and -',
        'API_KEYS: entry 7 is empty',
        'API_KEYS: entry 8 (e) is not <id>:<scope+scope>:<sha256 of the secret>',
        'API_KEYS: entry 9 (f) is not <id>:<scope+scope>:<sha256 of the secret>',
        'API_KEYS: entry 10 (g): scopes are read, tag, review, admin, joined by +',
        'API_KEYS: entry 10 (g): the sha256 must be 64 hexadecimal digits',
      ].map((line) => line.slice(0, 40)),
    );
  });

  test.each(['', ' ', ','])('%j would let everybody in, and is refused', (API_KEYS) => {
    expect(problems({ API_KEYS }).join()).toMatch(/^API_KEYS: .*empty/);
    expect(problems({ API_KEYS, HOST: '0.0.0.0' }).join()).toMatch(/^API_KEYS: /);
  });

  test('what was written is not repeated: it may be the key itself', () => {
    for (const API_KEYS of [
      'ht_shop_S3CRET',
      'shop:tag:S3CRET',
      'shop:S3CRET:tag',
      'S3CRET:tag:x',
      'ht_a_S3CRET:tag:x',
    ])
      expect(problems({ API_KEYS }).join()).not.toContain('S3CRET');
  });
});
