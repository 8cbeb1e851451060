/** Holds an answer against the document: its status, its body's schema, and what every answer has to carry. */
import type { IncomingHttpHeaders } from 'node:http';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { statusOf } from '../../src/http/error-response.ts';
import { components, type Json, type Operation, operations } from './operations.ts';
import type { Sent } from './requests.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: false });
type Check = ReturnType<typeof ajv.compile>;
const compiled = new Map<string, Check>();
/** Bodies that passed: the taxonomy is a megabyte, and the same each time. */
const passed = new Set<string>();

/** `schema` by its place, so that each is compiled once. */
function checkOf(place: string, schema: Json): Check {
  const known = compiled.get(place);
  if (known) return known;
  const check = ajv.compile({ ...schema, components });
  compiled.set(place, check);
  return check;
}

/** What the document says of refusals, wherever they come from. */
const refusal = { $ref: '#/components/schemas/Problem' };
const everywhere = new Set(operations.flatMap(({ responses }) => Object.keys(responses)));

/** Everything that is wrong with the answer; empty where it is right. */
export function faults(operation: Operation, sent: Sent, answer: Answer): string[] {
  const { status, headers } = answer;
  const found: string[] = [];
  if (status === 500) found.push('a 500 is a bug');
  if (!headers['x-request-id']) found.push('no x-request-id');
  if (headers['x-content-type-options'] !== 'nosniff') found.push('no x-content-type-options');
  const given = sent.headers['x-request-id'];
  if (given === 'fine-id_1.2' && headers['x-request-id'] !== given && size(sent) < 8000)
    found.push('the request id was not echoed');
  const described = operation.responses[status];
  if (sent.routed && !described) found.push(`${status} is not documented for ${operation.name}`);
  if (!sent.routed && !everywhere.has(String(status))) found.push(`${status} is documented nowhere`);
  return [...found, ...bodyFaults(operation, sent, answer)];
}

function bodyFaults(operation: Operation, sent: Sent, { status, headers, body }: Answer): string[] {
  const type = String(headers['content-type'] ?? '')
    .split(';')[0]!
    .trim();
  const text = body.toString();
  if (type === 'application/problem+json') return problemFaults(status, headers, text);
  if (status >= 400 && !(status === 503 && operation.path === '/readyz'))
    return [`a ${status} of type "${type}"`];
  if (!sent.routed) return [];
  const schemas = operation.responses[status] ?? {};
  if (Object.keys(schemas).length === 0) return text === '' ? [] : [`a body, though ${status} has none`];
  const schema = schemas[type];
  if (!schema) return [`${status} of type "${type}", documented: ${Object.keys(schemas).join(', ')}`];
  if (type !== 'application/json') return [];
  return valid(`${operation.name} ${status}`, schema, text);
}

function problemFaults(status: number, headers: IncomingHttpHeaders, text: string): string[] {
  const found = valid('refusal', refusal, text);
  if (found.length > 0) return found;
  const problem = JSON.parse(text) as { code: keyof typeof statusOf; status: number; instance: string };
  if (problem.status !== status) found.push(`status ${status}, but ${problem.status} in the body`);
  if (statusOf[problem.code] !== status) found.push(`code ${problem.code} with status ${status}`);
  if (problem.instance !== headers['x-request-id']) found.push('the instance is not the request id');
  if ((status === 503 || status === 429 || status === 504) && !headers['retry-after'])
    found.push('no retry-after');
  if (text.length > 60_000) found.push(`a refusal of ${text.length} characters`);
  return found;
}

function valid(place: string, schema: Json, text: string): string[] {
  const key = `${place}\n${text}`;
  if (passed.has(key)) return [];
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return [`the body is no JSON: ${text.slice(0, 100)}`];
  }
  const check = checkOf(place, schema);
  if (!check(value)) return [`the body is not what ${place} says: ${ajv.errorsText(check.errors)}`];
  if (passed.size < 2000) passed.add(key);
  return [];
}

function size({ url, headers }: Sent): number {
  return url.length + JSON.stringify(headers).length;
}

/** The request as one can read it and send it again. */
export function shown({ door, by, method, url, headers, body }: Sent): string {
  const bytes =
    body === null ? 'no body' : `${body.length} bytes: ${body.subarray(0, 600).toString('latin1')}`;
  return `${by}, ${door} door: ${method} ${url.slice(0, 2000)}\n${JSON.stringify(headers).slice(0, 2000)}\n${bytes}`;
}
