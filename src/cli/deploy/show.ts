/** What deploying says while it works: plain lines, and on a terminal a bar that is redrawn. */
import type { DeployWatch } from '../../application/deploy-clip.ts';
import type { ResourceChange, StackEvent } from '../../application/ports-deploy.ts';

export interface DeployScreen {
  readonly isTerminal: boolean;
  /** As it is, for what is redrawn. */
  write(text: string): void;
  print(line: string): void;
  /** Yes or no. */
  ask(question: string): Promise<boolean>;
}

export function createShow(screen: DeployScreen, yes: boolean): DeployWatch {
  let shown = -1;
  return {
    packed({ bytes, files, sha256 }, place) {
      screen.print(`Packed ${files.length} files into ${kilobytes(bytes.byteLength)}, sha256 ${sha256}`);
      screen.print(`  for ${place}`);
    },
    alreadyStored() {
      screen.print('The same bytes are in the bucket already: nothing to upload.');
    },
    sent(bytes, total) {
      const percent = total === 0 ? 100 : Math.floor((bytes / total) * 100);
      if (bytes === 0 && shown > 0) screen.print(`${screen.isTerminal ? '\n' : ''}Interrupted, once more.`);
      if (screen.isTerminal && percent !== shown)
        screen.write(
          `\r[${'='.repeat(Math.floor(percent / 4)).padEnd(25)}] ${percent}% of ${kilobytes(total)}\x1b[K`,
        );
      shown = percent;
      if (bytes >= total)
        screen.print(`${screen.isTerminal ? '\n' : ''}Handed ${kilobytes(total)} over to S3.`);
    },
    planned(changes, creates) {
      screen.print(creates ? 'This makes:' : 'This changes:');
      for (const change of changes) screen.print(`  ${describeChange(change)}`);
    },
    event(event) {
      screen.print(describeEvent(event));
    },
    note(text) {
      screen.print(text);
    },
    confirm: (question) => (yes ? Promise.resolve(true) : screen.ask(question)),
  };
}

function describeChange({ action, resource, type, replaces }: ResourceChange): string {
  const sign = { Add: '+', Modify: replaces ? '±' : '~', Remove: '-', Other: '?' }[action];
  return `${sign} ${resource} (${type})${replaces && action === 'Modify' ? ', made anew' : ''}`;
}

function describeEvent({ at, status, resource, type, reason, ofStack }: StackEvent): string {
  const time = at.slice(11, 19);
  const what = ofStack ? `${resource} as a whole` : `${resource} (${type})`;
  return `${time}  ${status.padEnd(20)}  ${what}${reason ? `: ${reason}` : ''}`;
}

function kilobytes(bytes: number): string {
  return bytes < 2 ** 20 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
