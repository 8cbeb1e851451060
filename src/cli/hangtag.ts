/** `npm run hangtag -- <command>`: the commands, their help, and nothing else. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { composeOffline, storeTransfer, taxonomySource } from '../composition.ts';
import { openModelOnce } from '../composition-model.ts';
import { ConfigError, parseConfig } from '../config.ts';
import { createLog } from '../log.ts';
import { parseDeployArguments } from './deploy/arguments.ts';
import { parseImportArguments } from './import/arguments.ts';
import { runImport } from './import/import.ts';
import { createKey, parseKeyArguments } from './keys.ts';
import { parseModelArguments, runModel } from './model/model.ts';
import { parseStoreArguments, runStore } from './store/store.ts';
import { parseTagArguments, tagFiles } from './tag.ts';
import { checkTaxonomy } from './taxonomy/check.ts';
import { parsePushArguments, pushTaxonomy } from './taxonomy/push.ts';
import { askServer } from './taxonomy/server.ts';

const help = `hangtag: product photos in, structured attributes out

  npm run hangtag -- tag <photo> [<photo> ...] [--one-product] [--category <id or name>] [--explain] [--json]
      Tags photos without a server; nothing is stored. Each photo is a product of its own, or with --one-product
      all of them (at most 8) are pictures of one.
  npm run hangtag -- serve
      The API alone, on a PostgreSQL that workers share: DATABASE_URL. \`npm start\` is API and worker in one process.
  npm run hangtag -- work
      A worker alone, which does what the API accepted for later. Any number of each: docs/processes.md.
  npm run hangtag -- import <folder, .csv or .ndjson> [--concurrency 4] [--restart] [--dry-run]
      Sends products to the hangtag at HANGTAG_URL (http://127.0.0.1:3000) with the key in HANGTAG_API_KEY. What was
      stored before and has not changed is skipped, so a stopped import goes on where it was. Where all images are
      URLs or in buckets, the server does the import, and goes on without this command: docs/import.md.
  npm run hangtag -- import --follow | --pause | --resume | --cancel <import id>
      Of an import that the server does.
  npm run hangtag -- taxonomy check [<folder>]
      Validates the taxonomy and lists everything that is wrong.
  npm run hangtag -- taxonomy diff [<folder>]
  npm run hangtag -- taxonomy push [<folder>] [--activate]
      What the folder means otherwise than the active taxonomy of the hangtag at HANGTAG_URL (key: HANGTAG_API_KEY); the
      same, and stored there; and with --activate made active, which is waited for: docs/taxonomies.md
  npm run hangtag -- keys create --scopes <scope>[+<scope> ...] [--name <id>]
      Makes an access key, shows it once, and gives the entry to add to API_KEYS. Scopes: read, tag, review,
      admin (implies all).
  npm run hangtag -- store copy --to <postgres://…> [--from <DATA_DIR or postgres://…>] [--restart]
      Copies the store into an empty PostgreSQL database and compares both. Stop hangtag first. Cut off, the same
      command goes on where it was; --restart begins anew. Without --from: the configured store. docs/backup.md
  npm run hangtag -- store backup --to <file>
      Writes the embedded database and the pictures into one file (tar.gz with checksums). Stop hangtag first.
  npm run hangtag -- store restore --from <file>
      Puts a backup into an empty DATA_DIR.
  npm run hangtag -- model list
      The configured model, and those that can be pulled, with their licences and which are here.
  npm run hangtag -- model pull <preset> [--to <folder>] [--variant fp32|fp16|quantized] [--accept-license]
      Downloads a public CLIP in ONNX into DATA_DIR/models, from HF_ENDPOINT (https://huggingface.co) with the token in
      HF_TOKEN. Cut off, the same command goes on where it was. docs/models.md
  npm run hangtag -- model export <checkpoint folder or hub id> --to <folder> [--revision …] [--license …] [--python python3]
      Writes a CLIP or SigLIP checkpoint of transformers as such a folder. Needs deploy/export/requirements.txt.
  npm run hangtag -- model check [--fingerprint <12 digits>]
      Opens the configured model, shows its card and licence, and asks it about pictures whose answer is known.
  npm run hangtag -- deploy clip --bucket <bucket> --model-id <s3://bucket/prefix/ or hub id> [--model-revision <commit>]
      [--stack hangtag-clip] [--region …] [--instance-type ml.g5.xlarge] [--instance-count 1] [--max-instances <twice>]
      [--image-uri …] [--prefix hangtag] [--kms-key …] [--execution-role …] [--permissions-boundary …]
      [--dry-run] [--yes]
      Puts CLIP on a SageMaker endpoint in your AWS account, which costs money from then on: deploy/README.md.
      Packs, shows the plan, asks, uploads, and follows until it stands. Running it again changes only what differs.
  npm run hangtag -- deploy clip status | smoke | destroy [--stack hangtag-clip] [--region …] [--yes]
      How it stands; one real call; everything but the bucket removed.
  npm run hangtag -- deploy clip package --to <folder> [--weights <folder>]
      The archive alone, as a file; prints its path and asks nothing of AWS. --weights is packed along.
  npm run hangtag -- help
`;

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
const print = (line: string) => process.stdout.write(`${line}\n`);
const complain = (line: string) => process.stderr.write(`${line}\n`);

/** Commands listen nowhere: what HOST asks for, and the image sets it, is none of theirs. */
const settings = (more: Readonly<Record<string, string>> = {}) =>
  parseConfig({ ...process.env, ...more, HOST: '' }, root);

async function run([command, ...rest]: readonly string[]): Promise<number> {
  if (command === 'tag') {
    const parsed = parseTagArguments(rest);
    if (typeof parsed === 'string') return misused(parsed);
    const { services, close } = await composeOffline(settings(), createLog('silent'));
    try {
      return await tagFiles(services, parsed, print, complain);
    } finally {
      await close();
    }
  }
  if (command === 'serve' || command === 'work') {
    if (rest.length > 0) return misused(`\`${command}\` takes no arguments: everything is a setting.`);
    // Here alone, so that no other command loads the service.
    const { runProcess } = await import('../processes.ts');
    await runProcess(command);
    return 0;
  }
  if (command === 'import') {
    const parsed = parseImportArguments(rest);
    if (typeof parsed === 'string') return misused(parsed);
    const url = (process.env.HANGTAG_URL?.trim() || 'http://127.0.0.1:3000').replace(/\/+$/, '');
    if (!/^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : ''))
      return misused(`HANGTAG_URL is no http address: ${url}`);
    return runImport(parsed, {
      server: { url, key: process.env.HANGTAG_API_KEY?.trim() || null, stop: stopOnInterrupt() },
      screen: { isTerminal: process.stderr.isTTY === true, write: (text) => process.stderr.write(text) },
      print,
    });
  }
  if (command === 'taxonomy' && rest[0] === 'check' && rest.length <= 2) {
    const directory = rest[1];
    return checkTaxonomy(taxonomySource(settings(directory ? { TAXONOMY_DIR: directory } : {})), print);
  }
  if (command === 'taxonomy') {
    const parsed = parsePushArguments(rest);
    if (typeof parsed === 'string') return misused(parsed);
    return pushTaxonomy(parsed, {
      directory: parsed.folder ?? settings().taxonomyDir,
      ask: () => askServer(process.env),
      stop: stopOnInterrupt(),
      print,
      complain,
    });
  }
  if (command === 'keys' && rest[0] === 'create') {
    const parsed = parseKeyArguments(rest.slice(1));
    return typeof parsed === 'string' ? misused(parsed) : createKey(parsed, print);
  }
  if (command === 'store') {
    const parsed = parseStoreArguments(rest);
    if (typeof parsed === 'string') return misused(parsed);
    const config = settings();
    return runStore(parsed, {
      transfer: storeTransfer(config, createLog('silent')),
      config,
      screen: { isTerminal: process.stderr.isTTY === true, write: (text) => process.stderr.write(text) },
      stop: stopOnInterrupt(),
      print,
      complain,
    });
  }
  if (command === 'model' || command === 'models') {
    const parsed = parseModelArguments(rest);
    if (typeof parsed === 'string') return misused(parsed);
    const config = settings();
    return runModel(parsed, {
      root,
      modelsDir: path.join(config.dataDir, 'models'),
      configured: describeBackend(config),
      open: () => openModelOnce(config),
      environment: process.env,
      stop: stopOnInterrupt(),
      screen: { isTerminal: process.stderr.isTTY === true, write: (text) => process.stderr.write(text) },
      print,
      complain,
    });
  }
  if (command === 'deploy') {
    const parsed = parseDeployArguments(rest);
    if (typeof parsed === 'string') return misused(parsed);
    // Here alone, so that no other command loads the clients of AWS.
    const { startDeploy } = await import('./deploy/start.ts');
    return startDeploy(parsed, { root, stop: stopOnInterrupt(), print, complain });
  }
  if (command === undefined || command === 'help' || command === '--help') {
    print(help);
    return 0;
  }
  return misused(`There is no command "${[command, ...rest].join(' ')}".`);
}

function describeBackend(config: ReturnType<typeof settings>): string {
  const { INFERENCE_BACKEND: backend, SAGEMAKER_ENDPOINT: endpoint, onnxModelDir } = config;
  const places = { bundled: config.modelDir, onnx: onnxModelDir, sagemaker: `the endpoint ${endpoint}` };
  return `Configured: INFERENCE_BACKEND=${backend}, ${places[backend]}`;
}

/** The first Ctrl-C lets what is on its way finish; the second ends at once, which loses nothing that was stored. */
function stopOnInterrupt(): AbortSignal {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(1);
    complain('\nStopping after what is on its way; once more to end now.');
    controller.abort();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return controller.signal;
}

function misused(problem: string): number {
  complain(`${problem}\n\n${help}`);
  return 2;
}

run(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    complain(
      error instanceof ConfigError ? error.message : error instanceof Error ? error.message : String(error),
    );
    process.exitCode = 1;
  },
);
