/**
 * Runs actors step by step in an order that a test chooses: each call of an actor's ports waits for its turn, and the
 * next turn is given only when the actor has come to its next call or to its end.
 */
export interface Stage {
  /** The same object, its methods waiting for this actor's turns. */
  wrap<T extends object>(actor: string, port: T): T;
  /** Waits for a turn of its own: for steps inside a call. */
  turn(actor: string): Promise<void>;
}

export interface Run {
  /** Which of the ready actors was taken, out of how many, at each step. */
  readonly choices: readonly { readonly taken: number; readonly of: number }[];
  readonly steps: readonly string[];
}

/**
 * `choose`: the step's number and how many actors are ready -> which one. `die`: this actor gets no turn any more.
 * Actors that throw, throw here.
 */
export async function play(
  actors: (stage: Stage) => Readonly<Record<string, () => Promise<void>>>,
  choose: (step: number, ready: number) => number,
  die: (actor: string, turns: number) => boolean = () => false,
): Promise<Run> {
  const waiting = new Map<string, () => void>();
  const turns = new Map<string, number>();
  const steps: string[] = [];
  const choices: Run['choices'][number][] = [];
  let moved = () => {};
  const turn = (actor: string, what = '') =>
    new Promise<void>((resolve) => {
      waiting.set(actor, () => {
        steps.push(`${actor} ${what}`);
        resolve();
      });
      moved();
    });
  const stage: Stage = {
    turn: (actor) => turn(actor, '…'),
    wrap: (actor, port) =>
      new Proxy(port, {
        get(target, name, receiver) {
          const value: unknown = Reflect.get(target, name, receiver);
          if (typeof value !== 'function') return value;
          return async (...args: unknown[]) => {
            await turn(actor, String(name));
            return Reflect.apply(value, target, args) as unknown;
          };
        },
      }),
  };

  const running = new Map<string, Promise<void>>();
  const ended = new Set<string>();
  const faults: unknown[] = [];
  for (const [actor, act] of Object.entries(actors(stage))) {
    running.set(
      actor,
      act()
        .catch((error: unknown) => void faults.push(error))
        .finally(() => {
          ended.add(actor);
          moved();
        }),
    );
  }
  const idle = () => [...running.keys()].every((actor) => ended.has(actor) || waiting.has(actor));
  for (let step = 0; ; step++) {
    while (!idle()) {
      await new Promise<void>((resolve) => {
        moved = resolve;
        if (idle()) resolve();
      });
    }
    const ready = [...waiting.keys()].filter((actor) => !die(actor, turns.get(actor) ?? 0)).sort();
    if (ready.length === 0) break;
    const taken = choose(step, ready.length);
    choices.push({ taken, of: ready.length });
    const actor = ready[taken]!;
    turns.set(actor, (turns.get(actor) ?? 0) + 1);
    const go = waiting.get(actor)!;
    waiting.delete(actor);
    go();
  }
  if (faults.length > 0) throw faults[0];
  return { choices, steps };
}

/** Every order there is, by playing again and again; at most `limit` of them. Gives how many were played. */
export async function playAll(
  once: (choose: (step: number, ready: number) => number) => Promise<Run>,
  limit: number,
): Promise<number> {
  const prefix: number[] = [];
  for (let count = 1; ; count++) {
    const { choices } = await once((step) => prefix[step] ?? 0);
    const made = choices.map(({ taken }) => taken);
    // The last step at which another actor was ready, and that one is next.
    let last = choices.length - 1;
    while (last >= 0 && made[last]! + 1 >= choices[last]!.of) last--;
    if (last < 0 || count === limit) return count;
    prefix.splice(0, prefix.length, ...made.slice(0, last), made[last]! + 1);
  }
}

/** Orders by chance, the same ones for the same seed. */
export function byChance(seed: number): (step: number, ready: number) => number {
  let state = seed * 2_654_435_761 + 1;
  return (_, ready) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * ready);
  };
}
