/**
 * What a request costs without its meaning: HTTP, hash, JSON and one log line around a fixed answer. Prints CPU ms a
 * request for raw bodies of 50 KB at 16 connections, counted from outside the load generator, which is its parent.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createFileTaxonomySource } from '../src/adapters/taxonomy/files.ts';
import type { Services, TagRequest } from '../src/application/tag-request.ts';
import { buildApp } from '../src/http/app.ts';
import { createLog } from '../src/log.ts';

const tagSet = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as Awaited<
  ReturnType<Services['tagProduct']>
>;
const source = createFileTaxonomySource({
  directory: path.resolve('taxonomy'),
  calibrationDirectory: path.resolve('calibration'),
});
const services = {
  taxonomy: await source.load(),
  async tagProduct(request: TagRequest) {
    for (const { content } of request.images)
      if (content instanceof Uint8Array) createHash('sha256').update(content).digest('hex');
    return tagSet;
  },
} as unknown as Services;
const app = await buildApp({
  services,
  log: createLog('info'),
  limits: { requestTimeoutMs: 60_000 },
  keys: null,
});
const address = await app.listen({ host: '127.0.0.1', port: 0 });
process.stdout.write(`${JSON.stringify({ address })}\n`);
