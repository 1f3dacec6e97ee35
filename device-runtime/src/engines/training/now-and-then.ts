/** Often enough that a training which steps aside stays there. */
const EVERY_MS = 20;

/** The work, after what is under way, and at most once in 20 ms however often it is asked for. */
export function nowAndThen(work: () => void, nowMs: () => number = () => performance.now()): () => void {
  let didAtMs = Number.NEGATIVE_INFINITY;
  return () => {
    const now = nowMs();
    if (now - didAtMs < EVERY_MS) return;
    didAtMs = now;
    queueMicrotask(work);
  };
}
