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

  test('what is promised but not built is named, not ignored', () => {
    expect(problems({ API_KEYS: 'a:b:c', SAGEMAKER_ENDPOINT: 'x' })).toEqual([
      'API_KEYS: not supported by this version of hangtag',
      'SAGEMAKER_ENDPOINT: not supported by this version of hangtag',
    ]);
  });

  test('every setting has a meaning', () => {
    for (const { name, meaning } of describeSettings()) expect(meaning, name).toMatch(/\w+.*\.$/);
  });
});
