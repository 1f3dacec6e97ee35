import type { Endpoint } from "comlink";

/** The part of the Web Locks API that is used. */
export type LifeLocks = Pick<LockManager, "request" | "query">;

/** A worker whose script runs has asked for its lock long before that: nothing else is asked of it until it holds it. */
const LOOK_EVERY_MS = 1000;

/** What a worker says of its life: first that its script runs, then whether it holds the lock, which not every browser can. */
interface LifeMessage {
  /** The lock's name. */
  readonly life: string;
  /** Null as long as it has only asked. */
  readonly isHeld: boolean | null;
}

/** Says that this worker is there, and holds a lock until it ends, however it ends: the browser frees it then. */
export function showLife(endpoint: Pick<Endpoint, "postMessage">, locks: LifeLocks | undefined): void {
  // Without a secure context there are neither locks nor names.
  const life = locks === undefined ? "" : `fedge-worker-${crypto.randomUUID()}`;
  const tell = (isHeld: boolean | null): void => endpoint.postMessage({ life, isHeld } satisfies LifeMessage);
  if (locks === undefined) return tell(false);
  tell(null);
  const hold = async (): Promise<void> =>
    locks.request(life, () => {
      tell(true);
      return new Promise<void>(() => undefined);
    });
  hold().catch(() => tell(false));
}

export interface LifeEvents {
  /** It may be asked for something now. */
  born(): void;
  ended(): void;
}

/**
 * Tells what becomes of a worker that shows its life: a worker that is closed from within, or that the browser ends, says
 * nothing by itself, and one that computes for long is as silent. Until its script runs, nobody can tell one that is
 * fetched slowly from one that is not. The returned function ends the watch.
 */
export function watchLife(
  endpoint: Endpoint,
  locks: LifeLocks | undefined,
  { born, ended }: LifeEvents,
): () => void {
  const watch = new AbortController();
  const { signal } = watch;
  let isBorn = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  // One that ended before it held its lock neither holds it nor waits for it.
  const look = (life: string): void => {
    timer = setTimeout(() => {
      isKnown(locks, life).then(
        (known) => isBorn || signal.aborted || (known ? look(life) : ended()),
        // Where nobody may look, nobody may hold a lock either, and the worker says so.
        () => undefined,
      );
    }, LOOK_EVERY_MS);
  };
  endpoint.addEventListener("message", (event: Event) => {
    const { life, isHeld } = (event as MessageEvent<Partial<LifeMessage> | null>).data ?? {};
    if (life === undefined || isHeld === undefined || signal.aborted) return;
    if (isHeld === null) return look(life);
    clearTimeout(timer);
    isBorn = true;
    // Rejects when the watch ends.
    if (isHeld)
      locks?.request(life, { signal }, () => (signal.aborted ? undefined : ended())).catch(() => undefined);
    born();
  });
  return () => {
    clearTimeout(timer);
    watch.abort();
  };
}

async function isKnown(locks: LifeLocks | undefined, life: string): Promise<boolean> {
  const { held = [], pending = [] } = (await locks?.query()) ?? {};
  return [...held, ...pending].some(({ name }) => name === life);
}
