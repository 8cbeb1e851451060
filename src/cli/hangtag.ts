/** `npm run hangtag -- <command>`: the commands, their help, and nothing else. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { composeOffline, taxonomySource } from '../composition.ts';
import { ConfigError, parseConfig } from '../config.ts';
import { createLog } from '../log.ts';
import { createKey, parseKeyArguments } from './keys.ts';
import { parseTagArguments, tagFiles } from './tag.ts';
import { checkTaxonomy } from './taxonomy-check.ts';

const help = `hangtag: product photos in, structured attributes out

  npm run hangtag -- tag <photo> [<photo> ...] [--one-product] [--category <id or name>] [--explain] [--json]
      Tags photos without a server; nothing is stored. Each photo is a product of its own, or with --one-product
      all of them (at most 8) are pictures of one.
  npm run hangtag -- taxonomy check [<folder>]
      Validates the taxonomy and lists everything that is wrong.
  npm run hangtag -- keys create --scopes <scope>[+<scope> ...] [--name <id>]
      Makes an access key, shows it once, and gives the entry to add to API_KEYS. Scopes: read, tag, review,
      admin (implies all).
  npm run hangtag -- help
`;

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
const print = (line: string) => process.stdout.write(`${line}\n`);
const complain = (line: string) => process.stderr.write(`${line}\n`);

async function run([command, ...rest]: readonly string[]): Promise<number> {
  if (command === 'tag') {
    const parsed = parseTagArguments(rest);
    if (typeof parsed === 'string') return misused(parsed);
    const { services, close } = await composeOffline(parseConfig(process.env, root), createLog('silent'));
    try {
      return await tagFiles(services, parsed, print, complain);
    } finally {
      await close();
    }
  }
  if (command === 'taxonomy' && rest[0] === 'check' && rest.length <= 2) {
    const directory = rest[1];
    return checkTaxonomy(
      taxonomySource(
        parseConfig({ ...process.env, ...(directory ? { TAXONOMY_DIR: directory } : {}) }, root),
      ),
      print,
    );
  }
  if (command === 'keys' && rest[0] === 'create') {
    const parsed = parseKeyArguments(rest.slice(1));
    return typeof parsed === 'string' ? misused(parsed) : createKey(parsed, print);
  }
  if (command === undefined || command === 'help' || command === '--help') {
    print(help);
    return 0;
  }
  return misused(`There is no command "${[command, ...rest].join(' ')}".`);
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
