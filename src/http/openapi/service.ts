/** The calls that say what this service is and how it fares. */
import {
  attributeSchema,
  healthSchema,
  modelSchema,
  readinessSchema,
  taxonomySchema,
} from '../wire-schemas.ts';
import { type Json, json, refusals, scope, text } from './parts.ts';

const attributeId = {
  name: 'id',
  in: 'path',
  required: true,
  description: 'Its id in the taxonomy.',
  schema: { type: 'string' },
  example: 'sleeve-length',
};

export const servicePaths: Json = {
  '/taxonomy': {
    get: {
      operationId: 'readTaxonomy',
      tags: ['Vocabulary'],
      ...scope(
        'read',
        'All categories, attributes and values: a megabyte. Its `ETag` is for `If-None-Match`.',
      ),
      summary: 'The active taxonomy',
      parameters: [
        {
          name: 'If-None-Match',
          in: 'header',
          description: 'The `ETag` of the one at hand: 304 where it is still active.',
          schema: { type: 'string' },
        },
      ],
      responses: {
        200: json(
          taxonomySchema,
          'The taxonomy.',
          { ETag: text('Which taxonomy it is, for `If-None-Match`.') },
          ['taxonomy'],
        ),
        304: { description: 'Not modified.' },
        ...refusals(),
      },
    },
  },
  '/taxonomy/attributes/{id}': {
    get: {
      operationId: 'readAttribute',
      tags: ['Vocabulary'],
      ...scope('read'),
      summary: 'One attribute with its values',
      parameters: [attributeId],
      responses: {
        200: json(attributeSchema, 'The attribute.', {}, ['attribute']),
        ...refusals('attribute.not_found'),
      },
    },
  },
  '/model': {
    get: {
      operationId: 'readModel',
      tags: ['Vocabulary'],
      ...scope(
        'read',
        'Per attribute: `supported`, else it is in `provenance.notSupported` of every product it applies to; `threshold`, from which a value is accepted; and where it is calibrated, the share of accepted values that were right (`precision`) and of products that got one (`coverage`).',
      ),
      summary: 'What the active model is, can, and refuses',
      responses: {
        200: json(modelSchema, 'The model.', {}, ['model']),
        ...refusals('inference.unavailable'),
      },
    },
  },
  '/healthz': {
    get: {
      operationId: 'health',
      tags: ['Operating'],
      ...scope('none'),
      summary: 'The process answers',
      responses: { 200: json(healthSchema, 'Alive.', {}, ['alive']), ...refusals() },
    },
  },
  '/readyz': {
    get: {
      operationId: 'readiness',
      tags: ['Operating'],
      ...scope('none'),
      summary: 'It can tag, right now',
      responses: {
        ...refusals(),
        200: json(readinessSchema, 'Ready.', {}, ['ready', 'warming']),
        503: json(readinessSchema, 'Not ready: `checks` names what is wrong.', {}, ['notReady']),
      },
    },
  },
  '/metrics': {
    get: {
      operationId: 'metrics',
      tags: ['Operating'],
      ...scope(
        'none',
        'From another machine, a key with the scope `read` is needed all the same. What there is: `docs/metrics.md`.',
      ),
      summary: 'Prometheus metrics, for callers on this machine or with a key that may read',
      responses: {
        200: { description: 'Prometheus text.', content: { 'text/plain': { schema: { type: 'string' } } } },
        ...refusals(),
      },
    },
  },
};
