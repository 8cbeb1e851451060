/** What taxonomies and calibrations look like. */

const version = {
  version: '1.1.0',
  id: 'retail-visual-attributes',
  contentHash: 'e82e995ef207226177b6e594e4ecd8a03d66472620256c1aa6ae2774bd01585e',
  source: 'uploaded',
  state: 'stored',
  createdAt: '2026-11-23T09:00:00.000Z',
  activatedAt: null,
  preparation: null,
  failure: null,
};
const folder = {
  ...version,
  version: '1.0.0',
  contentHash: '0c436d86002a4eb9018779e175f9afce08a92b75b18012b710a961b7f16d009c',
  source: 'folder',
  state: 'active',
  createdAt: null,
};
const fitted = { temperature: 0.0479, accept: 0.54, margin: 0.2, status: 'accept' };
const calibration = {
  id: 'hangtag-garments-1/1.1.0/1',
  model: 'hangtag-garments-1',
  taxonomy: 'retail-visual-attributes@1.1.0',
  category: null,
  attributes: { 'sleeve-length': { ...fitted, precision: 0.9085, coverage: 0.9672 } },
};
const counting = {
  ...calibration,
  source: 'uploaded',
  state: 'active',
  createdAt: '2026-11-23T09:00:00.000Z',
  activatedAt: '2026-11-23T09:01:00.000Z',
};

export const meaningExamples = {
  taxonomyFiles: {
    summary: 'Shortened to the first file: every one is needed',
    value: { files: { 'taxonomy.yaml': 'id: retail-visual-attributes\nversion: 1.1.0\n…' } },
  },
  taxonomyVersions: { summary: 'One uploaded', value: { items: [version, folder], next: null } },
  taxonomyCompared: {
    summary: 'A new name, and a value that is no longer given',
    value: {
      ...version,
      diff: {
        from: 'retail-visual-attributes@1.0.0',
        to: 'retail-visual-attributes@1.1.0',
        counts: { renamed: 1, retired: 1 },
        changes: [
          {
            change: 'renamed',
            of: 'value',
            id: 'color/navy',
            field: 'name',
            before: 'Navy',
            after: 'Navy blue',
          },
          {
            change: 'retired',
            of: 'value',
            id: 'color/blush',
            field: 'replacedBy',
            before: null,
            after: 'pink',
          },
        ],
      },
    },
  },
  taxonomyActive: {
    summary: 'It answers',
    value: { ...version, state: 'active', activatedAt: '2026-11-23T09:01:00.000Z' },
  },
  taxonomyPreparing: {
    summary: 'Its captions are encoded',
    value: {
      ...version,
      state: 'preparing',
      preparation: { captions: { known: 4096, total: 18450 }, waitingFor: null },
    },
  },
  calibrationUpload: { summary: 'One attribute', value: calibration },
  calibration: { summary: 'It counts', value: counting },
  calibrations: { summary: 'The only one', value: { items: [counting], next: null } },
} as const;
