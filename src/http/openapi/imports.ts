/** The calls on imports. */
import { linesType } from '../routes/imports.ts';
import { importFailuresSchema, importPageSchema, importSchema, importSourceSchema } from '../wire-imports.ts';
import { examplesOf } from './examples.ts';
import { flag, type Json, json, page, query, reference, refusals, scope, text } from './parts.ts';

const id: Json = {
  name: 'id',
  in: 'path',
  required: true,
  description: 'Of the import, from the answer that accepted it.',
  schema: { type: 'string', format: 'uuid' },
  example: '5a3c7d52-7d1d-4a53-9a3c-2f9f6f1c2d10',
};

const idempotencyKey: Json = {
  name: 'Idempotency-Key',
  in: 'header',
  description:
    'Your name for this call. Sent again within 24 hours it gives the same import, whatever its lines are now, unless that one failed; with another kind of source: 409.',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
};

const linesSchema: Json = {
  type: 'string',
  description: 'JSON objects, one a line.',
};

const about = `A line is the \`data\` of a catalog event: \`{"productId","title","images":[{"url"|"s3","view","variant","ref"}],"category","attributes":{"color":["navy"]}}\`, or
\`{"productId","deleted":true}\` for a product that the shop has no more. What is absent leaves things as they are, \`null\` takes back, \`"images":[]\` removes. Pictures are named, not sent. What lines
say was said when the import was made; of several lines for one product all count in order, and one that only repeats another is free.

At most 1 MiB a line, 2,000,000 lines and 1 GiB. The answer comes once every line is durable: a body that breaks off leaves an import that \`failed\`, and nothing of it runs. Lines that cannot be read are
failures, and fail nothing else. A file that is named is read later, within the same limits. \`state\` is \`running\` until it is \`finished\`; ask again for progress.`;

const answers = (description: string, ...codes: Parameters<typeof refusals>) => ({
  200: json(importSchema, description, {}, ['import']),
  ...refusals('import.not_found', ...codes),
});

const verb = (name: 'pause' | 'resume' | 'cancel', summary: string, said: string): Json => ({
  post: {
    operationId: `${name}Import`,
    tags: ['Importing'],
    ...scope('admin', said),
    summary,
    parameters: [id],
    // A body is not asked for, but one that is sent is read.
    responses: answers('The import.', 'job.conflict', 'request.unsupported_type'),
  },
});

export const importPaths: Json = {
  '/admin/imports': {
    post: {
      operationId: 'createImport',
      tags: ['Importing'],
      ...scope('admin', about),
      summary: 'Import a catalogue',
      parameters: [query('dryRun', 'true: plan only, nothing is tagged.', flag(false)), idempotencyKey],
      requestBody: {
        required: true,
        content: {
          [linesType]: { schema: linesSchema, ...examplesOf(['importLines']) },
          'application/json': {
            schema: reference(importSourceSchema, 'input'),
            ...examplesOf(['importUrl', 'importS3']),
          },
        },
      },
      responses: {
        202: json(importSchema, 'Accepted.', { Location: text('Where to ask how it goes.') }, [
          'import',
          'importNamed',
        ]),
        ...refusals('request.unsupported_type', 'idempotency.conflict'),
      },
    },
    get: {
      operationId: 'listImports',
      tags: ['Importing'],
      ...scope('admin', 'Newest first. Kept for 90 days once they are over.'),
      summary: 'Imports',
      parameters: page,
      responses: { 200: json(importPageSchema, 'A page of imports.', {}, ['imports']), ...refusals() },
    },
  },
  '/admin/imports/{id}': {
    get: {
      operationId: 'readImport',
      tags: ['Importing'],
      ...scope('admin', 'The rate is that of the last seconds, by all processes together.'),
      summary: 'How an import fares',
      parameters: [id],
      responses: answers('The import.'),
    },
  },
  '/admin/imports/{id}/failures': {
    get: {
      operationId: 'listImportFailures',
      tags: ['Importing'],
      ...scope(
        'admin',
        `In the order of lines. With \`Accept: ${linesType}\`: all failed lines as they came, to be mended and imported again; those that were too long or no text are left out. Kept for 30 days once the import is over.`,
      ),
      summary: 'Lines that failed',
      parameters: [id, ...page],
      responses: {
        200: {
          description: 'A page of failures, or the lines themselves.',
          content: {
            'application/json': {
              schema: reference(importFailuresSchema),
              ...examplesOf(['importFailures']),
            },
            [linesType]: { schema: linesSchema, ...examplesOf(['importLines']) },
          },
        },
        ...refusals('import.not_found'),
      },
    },
  },
  '/admin/imports/{id}/pause': verb(
    'pause',
    'Pause an import',
    'Lines in work are finished first. An import that is paused already is no fault.',
  ),
  '/admin/imports/{id}/resume': verb('resume', 'Go on with an import', 'From where it was paused.'),
  '/admin/imports/{id}/cancel': verb(
    'cancel',
    'Cancel an import',
    'Lines in work are finished, what was done stays, and the rest is not done. It cannot be taken back.',
  ),
};
