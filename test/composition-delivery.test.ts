/** The key that secrets are sealed with, as the settings give it: a wrong one is named, and stops nothing else. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createMeter } from '../src/adapters/metrics/meter.ts';
import { createSecretBox } from '../src/adapters/secrets/secret-box.ts';
import { noOutgoing } from '../src/adapters/store/memory-outgoing.ts';
import type { OutgoingBooks } from '../src/application/ports-outgoing.ts';
import { openOutgoing } from '../src/composition-delivery.ts';
import { parseConfig } from '../src/config.ts';
import { HangtagError } from '../src/domain/errors.ts';
import { createLog } from '../src/log.ts';

const root = path.resolve(import.meta.dirname, '..');
const folder = mkdtempSync(path.join(tmpdir(), 'hangtag-key-'));
afterAll(() => rmSync(folder, { recursive: true }));
const key = randomBytes(32);
const sealedSecret = await createSecretBox(async () => key).seal('whsec_', 'a');

function opened(settings: Record<string, string>, anySealed: OutgoingBooks['subscriptions']['anySealed']) {
  const books = { ...noOutgoing, subscriptions: { ...noOutgoing.subscriptions, anySealed } };
  const config = parseConfig({ DATA_DIR: folder, ...settings }, root);
  return openOutgoing(config, createLog('silent'), createMeter(), books);
}
const one = async () => ({ id: 'a', sealedSecret });

test.each([
  ['base64', key.toString('base64'), null],
  ['base64 without its end', key.toString('base64').replace('=', ''), null],
  ['hexadecimal', key.toString('hex'), null],
  ['another one', randomBytes(32).toString('base64'), expect.stringContaining('SECRETS_KEY')],
])('%s', async (_, SECRETS_KEY, fault) => {
  const outgoing = opened({ SECRETS_KEY }, one);
  expect(await outgoing.secretsFault()).toEqual(fault);
  await outgoing.close();
});

test('no key is made where there is nothing to open', async () => {
  const outgoing = opened({}, async () => null);
  expect(await outgoing.secretsFault()).toBeNull();
  expect(existsSync(path.join(folder, 'secrets.key'))).toBe(false);
  await outgoing.close();
});

test('a store that is away says so itself', async () => {
  const outgoing = opened({ SECRETS_KEY: key.toString('hex') }, async () => {
    throw new HangtagError('store.unavailable', 'away');
  });
  expect(await outgoing.secretsFault()).toBeNull();
  await outgoing.close();
});

test.each([
  'short',
  randomBytes(31).toString('base64'),
  `${randomBytes(32).toString('hex')}0`,
  'é'.repeat(43),
])('SECRETS_KEY=%s is refused, and not repeated', (SECRETS_KEY) => {
  try {
    parseConfig({ SECRETS_KEY }, root);
    expect.unreachable();
  } catch (error) {
    expect((error as Error).message).toContain('SECRETS_KEY: must be 32 bytes in base64 or hexadecimal');
    expect((error as Error).message).not.toContain(SECRETS_KEY);
  }
});
