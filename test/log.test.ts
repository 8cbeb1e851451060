import { expect, test } from 'vitest';
import { createLog } from '../src/log.ts';

test('secrets are cut out before a line is written', () => {
  const lines: string[] = [];
  const log = createLog('info', { write: (line) => void lines.push(line) });
  log.info(
    {
      req: {
        headers: { authorization: 'Bearer ht_x_SECRET', 'x-api-key': 'SECRET', cookie: 'SECRET', host: 'h' },
      },
    },
    'a',
  );
  log.info(
    {
      headers: { authorization: 'SECRET' },
      subscription: { secret: 'SECRET' },
      database: { password: 'SECRET' },
    },
    'b',
  );
  expect(lines).toHaveLength(2);
  expect(lines.join('')).not.toContain('SECRET');
  expect(lines.join('')).toContain('[redacted]');
  expect(lines.join('')).toContain('"host":"h"');
});
