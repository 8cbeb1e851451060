/** The processes of a service: one on the embedded store; on PostgreSQL two doors and three workers. Any may be killed and is replaced. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { type Service, startService } from './service.ts';

const root = path.resolve(import.meta.dirname, '../..');

export interface Crew {
  /** Where requests are taken right now. */
  readonly doors: () => readonly string[];
  /** What was killed so far. */
  readonly kills: readonly string[];
  /** kill -9 one of them, chosen by a number from 0 to 1, and another takes its place. */
  killOne(which: number): Promise<void>;
  /** Jobs that wait. */
  waiting(): Promise<number>;
  log(): string;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

interface Member {
  readonly role: string;
  readonly url: string | null;
  log(): string;
  stop(signal: NodeJS.Signals): Promise<unknown>;
}

export async function startCrew(settings: Readonly<Record<string, string>>): Promise<Crew> {
  const roles = settings.DATABASE_URL ? ['serve', 'serve', 'work', 'work', 'work'] : ['service'];
  const start = (role: string) =>
    role === 'service' ? startService(settings).then(asMember) : startRole(role, settings);
  const members: (Member | null)[] = [];
  for (const role of roles) members.push(await start(role));
  const kills: string[] = [];
  const logs: string[] = [];
  const doors = () => members.flatMap((member) => (member?.url ? [member.url] : []));
  return {
    doors,
    kills,
    async killOne(which) {
      const index = Math.min(roles.length - 1, Math.floor(which * roles.length));
      const member = members[index]!;
      if (!member) return;
      members[index] = null;
      await member.stop('SIGKILL');
      logs.push(member.log());
      kills.push(member.role);
      members[index] = await start(member.role);
    },
    async waiting() {
      const text = await (await fetch(`${doors()[0]}/metrics`)).text();
      const found = [...text.matchAll(/^hangtag_work_waiting(?:\{[^}]*\})? (\d+)/gm)];
      if (found.length === 0) throw new Error('there is no metric of waiting work');
      return found.reduce((sum, [, count]) => sum + Number(count), 0);
    },
    log: () => [...logs, ...members.map((member) => member?.log() ?? '')].join('\n'),
    async stop(signal = 'SIGTERM') {
      await Promise.all(members.map((member) => member?.stop(signal)));
    },
  };
}

function asMember(service: Service): Member {
  return { role: 'service', url: service.url, log: service.log, stop: service.stop };
}

/** One role of the command line, as it was built. Resolves once it says that it is ready. */
async function startRole(role: string, settings: Readonly<Record<string, string>>): Promise<Member> {
  const child: ChildProcess = spawn(process.execPath, ['dist/cli/hangtag.js', role], {
    cwd: root,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, PORT: '0', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const ended = once(child, 'exit');
  const url = await new Promise<string | null>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output += chunk.toString('utf8');
      const found = /"address":"(http:[^"]+)"/.exec(output);
      if (found) resolve(found[1]!);
      else if (role === 'work' && /hangtag works/.test(output)) resolve(null);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    ended.then(([code]) => reject(new Error(`${role} ended with ${code}:\n${output}`)));
  });
  return {
    role,
    url,
    log: () => output,
    async stop(signal) {
      child.kill(signal);
      await ended;
    },
  };
}
