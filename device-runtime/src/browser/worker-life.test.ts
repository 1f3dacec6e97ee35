import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { showLife, watchLife, type LifeLocks } from "./worker-life.js";

interface Request {
  readonly name: string;
  readonly owner: string;
  readonly callback: () => unknown;
}

/** One origin's locks, each held by one owner at a time; what an owner had goes on when it dies. */
class OriginLocks {
  readonly #held = new Map<string, Request>();
  #pending: Request[] = [];
  /** How long a request is on its way to the browser. */
  delayMs = 0;
  /** Nothing is granted as long as it is true. */
  isSlow = false;

  of(owner: string): LifeLocks {
    const request = (name: string, ...rest: readonly unknown[]): Promise<unknown> => {
      const callback = rest.at(-1) as Request["callback"];
      setTimeout(() => this.#ask({ name, owner, callback }), this.delayMs);
      return new Promise(() => undefined);
    };
    const query = () =>
      Promise.resolve({ held: [...this.#held.values()], pending: this.#pending } as LockManagerSnapshot);
    return { request, query } as LifeLocks;
  }

  die(owner: string): void {
    this.#pending = this.#pending.filter((request) => request.owner !== owner);
    for (const [name, request] of this.#held) if (request.owner === owner) this.#held.delete(name);
    this.grant();
  }

  grant(): void {
    if (this.isSlow) return;
    const waiting = this.#pending;
    this.#pending = [];
    for (const request of waiting) this.#ask(request);
  }

  #ask(request: Request): void {
    if (this.isSlow || this.#held.has(request.name)) return void this.#pending.push(request);
    this.#held.set(request.name, request);
    request.callback();
  }
}

/** A worker whose script runs, and the page that watches it; what the page came to know, in order. */
function begin(locks: OriginLocks | undefined, isRefused = false) {
  const page = new EventTarget();
  const heard: string[] = [];
  let isDead = false;
  const postMessage = (data: unknown): void => {
    if (!isDead) page.dispatchEvent(new MessageEvent("message", { data }));
  };
  const endpoint = {
    addEventListener: page.addEventListener.bind(page),
    removeEventListener: page.removeEventListener.bind(page),
    postMessage: () => undefined,
  };
  const stop = watchLife(endpoint, locks?.of("page"), {
    born: () => heard.push("born"),
    ended: () => heard.push("ended"),
  });
  const refused = {
    request: () => Promise.reject(new Error("denied")),
    query: () => Promise.reject(new Error("denied")),
  };
  showLife({ postMessage }, isRefused ? (refused as LifeLocks) : locks?.of("worker"));
  const die = (): void => {
    isDead = true;
    locks?.die("worker");
  };
  return { heard, stop, die };
}

const passed = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe("a worker's life", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("begins when it holds its lock, and its end is known at once", async () => {
    const { heard, die } = begin(new OriginLocks());
    await passed(1);
    expect(heard).toEqual(["born"]);

    await passed(600_000);
    expect(heard).toEqual(["born"]);
    die();
    expect(heard).toEqual(["born", "ended"]);
  });

  test("that ends before it could ask for its lock is over within a second", async () => {
    const locks = new OriginLocks();
    locks.delayMs = 1e6;
    const { heard, die } = begin(locks);
    die();
    await passed(1000);

    expect(heard).toEqual(["ended"]);
  });

  test("that ends while it waits for its lock is over within a second of that", async () => {
    const locks = new OriginLocks();
    locks.isSlow = true;
    const { heard, die } = begin(locks);
    await passed(4500);
    expect(heard).toEqual([]);
    die();
    await passed(1000);

    expect(heard).toEqual(["ended"]);
  });

  test("waits for a browser that takes long to grant the lock", async () => {
    const locks = new OriginLocks();
    locks.isSlow = true;
    const { heard } = begin(locks);
    await passed(20_000);
    locks.isSlow = false;
    locks.grant();
    await passed(20_000);

    expect(heard).toEqual(["born"]);
  });

  test.each([
    ["where there are no locks", undefined, false],
    ["where a lock is refused", new OriginLocks(), true],
  ] as const)("begins %s too, and its end is not known", async (_, locks, isRefused) => {
    const { heard, die } = begin(locks, isRefused);
    await passed(1);
    die();
    await passed(20_000);

    expect(heard).toEqual(["born"]);
  });

  test("is nobody's concern after the watch has ended", async () => {
    const locks = new OriginLocks();
    locks.isSlow = true;
    const { heard, die, stop } = begin(locks);
    stop();
    die();
    await passed(20_000);

    expect(heard).toEqual([]);
  });
});
