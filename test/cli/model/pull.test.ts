import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openOnnxClip } from '../../../src/adapters/inference/onnx-clip/open-onnx-clip.ts';
import { parseModelArguments } from '../../../src/cli/model/model.ts';
import { pullModel } from '../../../src/cli/model/pull.ts';
import { modelPresets } from '../../../src/domain/models/presets.ts';
import { commit, startHub } from './stand-in-hub.ts';

let hub: Awaited<ReturnType<typeof startHub>>;
let folder: string;
let printed: string[];
const token = 'hf_secretsecretsecret';
const siglip = modelPresets.find(({ id }) => id === 'siglip-base-patch16-224')!;
const vision = 'onnx/vision_model.onnx';
const repository = siglip.repository;

beforeEach(async () => {
  hub = await startHub();
  folder = mkdtempSync(path.join(tmpdir(), 'hangtag-pull-'));
  printed = [];
});
afterEach(async () => {
  await hub.close();
  rmSync(folder, { recursive: true, force: true });
});

const to = () => path.join(folder, 'models', siglip.id);
const lock = () =>
  JSON.parse(readFileSync(path.join(folder, 'models/models.lock'), 'utf8')).models[siglip.id];
function pull(
  more: { preset?: typeof siglip; endpoint?: string; acceptLicense?: boolean; stallMs?: number } = {},
) {
  const note = (line: string) => printed.push(line);
  return pullModel(
    { preset: more.preset ?? siglip, variant: 'fp32', to: to(), acceptLicense: more.acceptLicense ?? false },
    {
      hub: { endpoint: more.endpoint ?? hub.endpoint, token, stop: new AbortController().signal, retryMs: 5 },
      screen: { isTerminal: false, write: note },
      print: note,
      complain: note,
      ...(more.stallMs ? { stallMs: more.stallMs } : {}),
    },
  );
}

test('what was pulled opens as a model, with the scale that its checkpoint learned; a second pull asks for the same commit and loads nothing', async () => {
  expect(await pull()).toBe(0);
  const model = await openOnnxClip({
    directory: to(),
    workers: 1,
    limits: { maxBatch: 1, maxWaiting: 8, maxWaitingBytes: 2 ** 20, deadlineMs: 9_000 },
  });
  expect(model.scale).toBeCloseTo(117.25, 3);
  expect(model.card).toMatchObject({ id: siglip.id, license: 'Apache-2.0' });
  await model.close();
  expect(lock()).toMatchObject({ repository, revision: commit });
  expect(Object.keys(lock().files)).toHaveLength(6);
  expect(printed.join('\n')).toMatch(/licence {2}Apache-2\.0/);
  hub.seen.length = 0;
  expect(await pull()).toBe(0);
  expect(hub.seen.filter(({ method, url }) => method === 'GET' && /\.(onnx|json)$/.test(url))).toEqual([]);
  expect(hub.seen.filter(({ url }) => url.endsWith('safetensors'))).toEqual([]);
  expect(hub.seen[0]!.url).toContain(commit);
  // Whole files only: nothing half-done lies about.
  expect(readdirSync(path.join(to(), 'onnx')).sort()).toEqual(['text_model.onnx', 'vision_model.onnx']);
});

test('the token goes to the hub and nowhere else, and is never printed', async () => {
  await pull();
  const at = (place: string) => hub.seen.filter((one) => one.place === place);
  expect(at('hub').every(({ authorization }) => authorization === `Bearer ${token}`)).toBe(true);
  expect(at('store').length).toBeGreaterThan(2);
  expect(at('store').every(({ authorization }) => authorization === undefined)).toBe(true);
  expect(printed.join('\n')).not.toContain(token);
});

test('a connection that is cut again and again is continued where it broke', async () => {
  hub.cuts.push(1000, 20_000, 5000, 5000, 5000, 5000, 5000);
  expect(await pull()).toBe(0);
  const ranges = hub.seen.filter(({ place, url }) => place === 'store' && url.endsWith(vision));
  expect(ranges.slice(0, 3).map(({ range }) => range)).toEqual([undefined, 'bytes=1000-', 'bytes=21000-']);
  expect(readFileSync(path.join(to(), vision))).toEqual(hub.files.get(`${repository}/${vision}`));
});

test('a command that was ended is continued by the next one; where parts are not served, it begins again', async () => {
  hub.cuts.push(...Array.from({ length: 5 }, () => 0));
  hub.cuts[0] = 7000;
  hub.cuts.push(0);
  await expect(pull()).rejects.toThrow(/broke off/);
  expect(existsSync(path.join(to(), `${vision}.part`))).toBe(true);
  expect(existsSync(path.join(to(), vision))).toBe(false);
  hub.seen.length = 0;
  hub.cuts.length = 0;
  hub.world.honourRange = false;
  // The scale is read in parts, so that alone fails; the graphs came whole.
  await expect(pull()).rejects.toThrow(/model\.safetensors cannot be read in parts/);
  expect(hub.seen.find(({ place }) => place === 'store')?.range).toBe('bytes=7000-');
  expect(readFileSync(path.join(to(), vision))).toEqual(hub.files.get(`${repository}/${vision}`));
  hub.world.honourRange = true;
  expect(await pull()).toBe(0);
});

test('a store that falls silent is left, and asked again', async () => {
  hub.silent.push(3000);
  expect(await pull({ stallMs: 100 })).toBe(0);
  expect(readFileSync(path.join(to(), vision))).toEqual(hub.files.get(`${repository}/${vision}`));
});

test('content that changed at the hub, or on disk, is refused with both sha256s', async () => {
  await pull();
  const recorded = lock().files[vision].sha256 as string;
  hub.files.set(`${repository}/${vision}`, Buffer.from('another graph'));
  await expect(pull()).rejects.toThrow(new RegExp(`sha256 ${recorded} was expected, [0-9a-f]{64} came`));
  // Also where the hub announces no sha256 and the folder was emptied: the lock lies beside it.
  hub.world.sayHash = false;
  rmSync(to(), { recursive: true });
  await expect(pull()).rejects.toThrow(recorded);
  expect(existsSync(path.join(to(), vision))).toBe(false);
  expect(lock().files[vision].sha256).toBe(recorded);
});

test('a file that somebody changed on disk is refused', async () => {
  await pull();
  writeFileSync(path.join(to(), 'tokenizer.json'), '{}');
  await expect(pull()).rejects.toThrow(/tokenizer\.json is not what it was/);
});

test('what arrives is not what was announced: refused, and nothing is put in place', async () => {
  const real = hub.files.get(`${repository}/${vision}`)!;
  const forged = Buffer.from(real);
  forged[100]! ^= 1;
  let asked = 0;
  // The hub's redirect is made of the true content, the store gives another.
  hub.files.get = (key) =>
    key.endsWith(vision) && ++asked > 2 ? forged : Map.prototype.get.call(hub.files, key);
  await expect(pull()).rejects.toThrow(/vision_model\.onnx is not what it was/);
  expect(existsSync(path.join(to(), vision))).toBe(false);
  expect(existsSync(path.join(to(), `${vision}.part`))).toBe(false);
});

test.each([
  [401, /HF_TOKEN does not allow it/],
  [404, /has no Xenova\/siglip-base-patch16-224\/config\.json/],
  [503, /answers 503/],
])('an answer of %i is one sentence', async (status, message) => {
  hub.world.status = status;
  await expect(pull()).rejects.toThrow(message);
  expect(existsSync(to())).toBe(false);
});

test('offline is one sentence that says what to do', async () => {
  const { endpoint } = hub;
  await hub.close();
  await expect(pull({ endpoint })).rejects.toThrow(/cannot be reached \(ECONNREFUSED\).*HF_ENDPOINT/);
  hub = await startHub();
});

test('a licence that restricts is shown, and nothing is asked of the hub before it is accepted', async () => {
  const clip = modelPresets.find(({ commercialUse }) => !commercialUse)!;
  expect(await pull({ preset: clip })).toBe(1);
  expect(printed.join('\n')).toMatch(/out of scope[\s\S]*--accept-license/);
  expect(hub.seen).toEqual([]);
  await expect(pull({ preset: clip, acceptLicense: true })).rejects.toThrow(/has no Xenova\/clip/);
});

test('arguments: what is missing or unknown is said', () => {
  expect(parseModelArguments(['pull', 'nothing'])).toMatch(/marqo-fashion-siglip/);
  expect(parseModelArguments(['pull', siglip.id, '--variant', 'int4'])).toMatch(/--variant/);
  expect(parseModelArguments(['export', 'folder'])).toMatch(/--to/);
  expect(parseModelArguments(['push'])).toMatch(/pull <preset>/);
  expect(parseModelArguments(['pull', siglip.id, '--accept-license'])).toMatchObject({
    verb: 'pull',
    variant: 'fp32',
    acceptLicense: true,
  });
});
