/** The process that gets killed: copies the store of a DATA_DIR in small stretches, and prints how far it is. */
import { writeSync } from 'node:fs';
import path from 'node:path';
import { queueConstruction } from '../../../../src/adapters/queue/tables.ts';
import { copyStore } from '../../../../src/adapters/store/transfer/copy.ts';
import { atEmbedded, atServer } from '../../../../src/adapters/store/transfer/end.ts';
import { quiet } from '../quiet-log.ts';

const [dataDir, url] = process.argv.slice(2);
await atServer(url!, quiet, (target) =>
  atEmbedded(path.join(dataDir!, 'database'), 'full', quiet, (source) =>
    copyStore({
      source,
      target,
      restart: false,
      watch: {
        begin: (stage, _unit, _total, before) => writeSync(1, `${stage} ${before}\n`),
        advance: (by) => writeSync(1, `+${by}\n`),
      },
      signal: new AbortController().signal,
      queueConstruction,
      stretchLength: 20_000,
    }),
  ),
);
writeSync(1, 'finished\n');
