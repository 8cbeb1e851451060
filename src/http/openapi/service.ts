/** The calls that say what this service is and how it fares. */
import {
  attributeSchema,
  healthSchema,
  modelSchema,
  readinessSchema,
  taxonomySchema,
} from '../wire-schemas.ts';
import { type Json, json, refusals, scope } from './parts.ts';

const attributeId = { name: 'id', in: 'path', required: true, schema: { type: 'string' } };

export const servicePaths: Json = {
  '/taxonomy': {
    get: {
      operationId: 'readTaxonomy',
      ...scope('read'),
      summary: 'The active taxonomy',
      responses: {
        200: json(taxonomySchema, 'The taxonomy.'),
        304: { description: 'Not modified.' },
        ...refusals(),
      },
    },
  },
  '/taxonomy/attributes/{id}': {
    get: {
      operationId: 'readAttribute',
      ...scope('read'),
      summary: 'One attribute with its values',
      parameters: [attributeId],
      responses: { 200: json(attributeSchema, 'The attribute.'), ...refusals(404) },
    },
  },
  '/model': {
    get: {
      operationId: 'readModel',
      ...scope('read'),
      summary: 'What the active model is, can, and refuses',
      responses: { 200: json(modelSchema, 'The model.'), ...refusals() },
    },
  },
  '/healthz': {
    get: {
      operationId: 'health',
      ...scope('none'),
      summary: 'The process answers',
      responses: { 200: json(healthSchema, 'Alive.'), ...refusals() },
    },
  },
  '/readyz': {
    get: {
      operationId: 'readiness',
      ...scope('none'),
      summary: 'It can tag, right now',
      responses: {
        ...refusals(),
        200: json(readinessSchema, 'Ready.'),
        503: json(readinessSchema, 'Not ready.'),
      },
    },
  },
  '/metrics': {
    get: {
      operationId: 'metrics',
      ...scope('none'),
      summary: 'Prometheus metrics, for callers on this machine or with a key that may read',
      responses: {
        200: { description: 'Prometheus text.', content: { 'text/plain': { schema: { type: 'string' } } } },
        ...refusals(),
      },
    },
  },
};
