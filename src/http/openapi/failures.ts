/** The calls on accepted work that failed. */
import { failurePageSchema } from '../wire-failures.ts';
import { operationSchema } from '../wire-operation.ts';
import { type Json, json, page, refusals, scope, text } from './parts.ts';

export const failurePaths: Json = {
  '/admin/failures': {
    get: {
      operationId: 'listFailures',
      tags: ['Operating'],
      ...scope(
        'admin',
        'Requests with `async=true` and events whose work ended as `failed`, newest first. They are kept with what was asked for 7 days, and go with their product.',
      ),
      summary: 'Accepted work that failed, and why',
      parameters: page,
      responses: { 200: json(failurePageSchema, 'A page of failures.', {}, ['failures']), ...refusals() },
    },
  },
  '/admin/failures/{id}/retry': {
    post: {
      operationId: 'retryFailure',
      tags: ['Operating'],
      ...scope(
        'admin',
        'Queued again with its attempts counted anew, in its old place in the order of inputs: what a newer one has decided stays. A body is not asked for.',
      ),
      summary: 'Try failed work once more',
      parameters: [
        {
          name: 'id',
          in: 'path',
          required: true,
          description: 'From the list of failures.',
          schema: { type: 'string', format: 'uuid' },
          example: '0b9ca3f4-4a44-4c51-8a4e-0f5f6c1f1a11',
        },
      ],
      responses: {
        202: json(operationSchema, 'Queued again.', { Location: text('Where to ask how it fares.') }, [
          'accepted',
        ]),
        ...refusals('operation.not_found', 'operation.conflict', 'request.unsupported_type'),
      },
    },
  },
};
