/** The calls that change what the service answers by: taxonomies and calibrations. */
import {
  calibrationPageSchema,
  calibrationSchema,
  calibrationUpload,
  comparedTaxonomySchema,
  taxonomyPageSchema,
  taxonomyUpload,
  taxonomyVersionSchema,
} from '../wire-meanings.ts';
import { examplesOf } from './examples.ts';
import { flag, type Json, json, page, query, reference, refusals, scope, text } from './parts.ts';

const version = {
  name: 'version',
  in: 'path',
  required: true,
  description: 'Its version.',
  schema: { type: 'string' },
  example: '1.1.0',
};
const location = { Location: text('Where it is to be looked at.') };

export const meaningPaths: Json = {
  '/admin/taxonomies': {
    get: {
      operationId: 'listTaxonomies',
      tags: ['Operating'],
      ...scope(
        'admin',
        'Those that were uploaded, newest first, and last the one that the service came with.',
      ),
      summary: 'The versions of the taxonomy that there are',
      parameters: page,
      responses: {
        200: json(taxonomyPageSchema, 'A page of them.', {}, ['taxonomyVersions']),
        ...refusals(),
      },
    },
    post: {
      operationId: 'addTaxonomy',
      tags: ['Operating'],
      ...scope(
        'admin',
        'Checked as at a start, with every problem listed, and kept for good under the version in its `taxonomy.yaml`. Nothing else changes before it is activated. `diff` says what it means otherwise than the active one. docs/taxonomies.md',
      ),
      summary: 'Take in a version of the taxonomy',
      parameters: [query('store', 'false: only check and compare it; nothing is written.', flag(true))],
      requestBody: {
        required: true,
        content: {
          'application/json': {
            schema: reference(taxonomyUpload, 'input'),
            ...examplesOf(['taxonomyFiles']),
          },
        },
      },
      responses: {
        200: json(
          comparedTaxonomySchema,
          'It was there already, with this very content, or `store=false` was asked for.',
          {},
          ['taxonomyCompared'],
        ),
        201: json(comparedTaxonomySchema, 'Stored.', location, ['taxonomyCompared']),
        ...refusals('taxonomy.invalid', 'taxonomy.conflict', 'request.unsupported_type'),
      },
    },
  },
  '/admin/taxonomies/{version}': {
    get: {
      operationId: 'readTaxonomyVersion',
      tags: ['Operating'],
      ...scope('admin', 'With its `diff` to the active one, and while it is prepared how far that is.'),
      summary: 'One version, compared with the active one',
      parameters: [version],
      responses: {
        200: json(comparedTaxonomySchema, 'The version.', {}, ['taxonomyCompared']),
        ...refusals('taxonomy.not_found', 'taxonomy.invalid'),
      },
    },
  },
  '/admin/taxonomies/{version}/activate': {
    post: {
      operationId: 'activateTaxonomy',
      tags: ['Operating'],
      ...scope(
        'admin',
        'Its captions are encoded first, while the former one answers; then all processes switch within seconds, each at once. To roll back, activate the former one. What was tagged before stays as it is. Activating another one meanwhile takes its place.',
      ),
      summary: 'Answer by this version from now on',
      parameters: [version],
      responses: {
        200: json(taxonomyVersionSchema, 'It is active.', {}, ['taxonomyActive']),
        202: json(taxonomyVersionSchema, 'It is being prepared, and will be active then.', location, [
          'taxonomyPreparing',
        ]),
        ...refusals('taxonomy.not_found', 'taxonomy.invalid', 'request.unsupported_type'),
      },
    },
  },
  '/admin/calibrations': {
    get: {
      operationId: 'listCalibrations',
      tags: ['Operating'],
      ...scope(
        'admin',
        'Those that were uploaded, newest first, and last what the service came with for its model under the active taxonomy.',
      ),
      summary: 'The calibrations that there are',
      parameters: page,
      responses: {
        200: json(calibrationPageSchema, 'A page of them.', {}, ['calibrations']),
        ...refusals(),
      },
    },
    post: {
      operationId: 'addCalibration',
      tags: ['Operating'],
      ...scope('admin', 'As `calibration/README.md` describes it, for a taxonomy that is here.'),
      summary: 'Take in fitted thresholds',
      requestBody: {
        required: true,
        content: {
          'application/json': {
            schema: reference(calibrationUpload, 'input'),
            ...examplesOf(['calibrationUpload']),
          },
        },
      },
      responses: {
        200: json(calibrationSchema, 'It was there already, with this very content.', {}, ['calibration']),
        201: json(calibrationSchema, 'Stored.', {}, ['calibration']),
        ...refusals('calibration.invalid', 'calibration.conflict', 'request.unsupported_type'),
      },
    },
  },
  '/admin/calibrations/{id}/activate': {
    post: {
      operationId: 'activateCalibration',
      tags: ['Operating'],
      ...scope(
        'admin',
        'It counts from now on, whenever its model answers under its taxonomy: at once where both are active. In the place of any other for the same two.',
      ),
      summary: 'Let fitted thresholds count',
      parameters: [
        {
          name: 'id',
          in: 'path',
          required: true,
          description: 'Its id, URL-encoded.',
          schema: { type: 'string' },
          example: 'hangtag-garments-1/1.1.0/1',
        },
      ],
      responses: {
        200: json(calibrationSchema, 'It counts.', {}, ['calibration']),
        ...refusals('calibration.not_found', 'request.unsupported_type'),
      },
    },
  },
};
