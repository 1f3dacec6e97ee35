/** The part of the Web Locks API that is used. */
export type LifeLocks = Pick<LockManager, "request">;

/**
 * Holds a lock until this worker ends, however it ends: the browser frees it then. Resolves, once it is held, with
 * whether it is; a browser without Web Locks, or one that refuses them, has none.
 */
export async function holdLife(name: string, locks: LifeLocks | undefined): Promise<boolean> {
  if (locks === undefined) return false;
  return new Promise((resolve) => {
    const hold = async (): Promise<void> =>
      locks.request(name, () => {
        resolve(true);
        return new Promise<void>(() => undefined);
      });
    hold().catch(() => resolve(false));
  });
}

/**
 * Calls `ended` when whoever holds the lock has ended. A worker that is closed from within, or that the browser ends, says
 * nothing by itself, and one that computes for long is as silent. The returned function ends the watch.
 */
export function watchLife(name: string, locks: LifeLocks | undefined, ended: () => void): () => void {
  const watch = new AbortController();
  // Rejects when the watch ends, or where locks are refused: then there was nothing to watch.
  locks
    ?.request(name, { signal: watch.signal }, () => (watch.signal.aborted ? undefined : ended()))
    .catch(() => undefined);
  return () => watch.abort();
}
