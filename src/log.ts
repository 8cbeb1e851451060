/** The one logger: structured, with everything that could be a secret cut out before it is written. */
import { type Logger, pino } from 'pino';

export const redacted = [
  'req.headers.authorization',
  'req.headers["x-api-key"]',
  'req.headers.cookie',
  'headers.authorization',
  'headers["x-api-key"]',
  'headers.cookie',
  'req.headers["proxy-authorization"]',
  'headers["proxy-authorization"]',
  'API_KEYS',
  '*.API_KEYS',
  '*.secret',
  '*.password',
];

export function createLog(level: string, destination?: { write(line: string): void }): Logger {
  const options = { level, base: null, redact: { paths: redacted, censor: '[redacted]' } };
  return destination ? pino(options, destination) : pino(options);
}
