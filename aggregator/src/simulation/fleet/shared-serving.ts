import type { ServingEngine, ServingSession, TensorValues } from "@fedge/device-runtime";

type Bundle = Parameters<ServingEngine["load"]>[0];

interface Shared {
  readonly session: Promise<ServingSession>;
  numUsers: number;
}

/** The engine for many devices in one thread: devices that serve the same version share its session. */
export class SharedServing implements ServingEngine {
  readonly #sessions = new Map<string, Shared>();
  readonly #underWay = new Set<Promise<unknown>>();

  /** Devices share what has the same key. */
  constructor(
    private readonly engine: ServingEngine,
    private readonly keyOf: (bundle: Bundle) => string = contentOf,
  ) {}

  get name(): string {
    return this.engine.name;
  }

  get form(): ServingEngine["form"] {
    return this.engine.form;
  }

  async load(bundle: Bundle): Promise<ServingSession> {
    const key = this.keyOf(bundle);
    const shared = this.#sessions.get(key) ?? { session: this.#watch(this.engine.load(bundle)), numUsers: 0 };
    this.#sessions.set(key, shared);
    shared.numUsers += 1;
    try {
      return this.#userOf(await shared.session, () => this.#release(key, shared));
    } catch (error) {
      this.#sessions.delete(key);
      throw error;
    }
  }

  /** Resolves when the native runtime does nothing for us: only then may the thread end. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
  }

  #userOf(session: ServingSession, release: () => Promise<void>): ServingSession {
    let closing: Promise<void> | null = null;
    return {
      run: (inputs: TensorValues) => this.#watch(session.run(inputs)),
      close: () => (closing ??= this.#watch(release())),
    };
  }

  async #release(key: string, shared: Shared): Promise<void> {
    shared.numUsers -= 1;
    if (shared.numUsers > 0) return;
    if (this.#sessions.get(key) === shared) this.#sessions.delete(key);
    await (await shared.session).close();
  }

  #watch<T>(work: Promise<T>): Promise<T> {
    this.#underWay.add(work);
    const done = (): void => void this.#underWay.delete(work);
    work.then(done, done);
    return work;
  }
}

/** For devices whose sessions are measured: a key that no other bundle has. */
export function ownSessions(): () => string {
  let numSessions = 0;
  return () => String((numSessions += 1));
}

function contentOf({ manifest }: Bundle): string {
  return `${manifest.graphs.infer.sha256}/${manifest.checkpoint.sha256}`;
}
