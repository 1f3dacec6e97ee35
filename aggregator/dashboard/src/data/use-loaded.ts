import { FedgeError, type ErrorCode } from "@fedge/protocol";
import { useCallback, useEffect, useState } from "react";

export interface Loaded<T> {
  /** What was loaded last; stays while something newer is on its way. */
  readonly data: T | null;
  readonly error: Error | null;
  readonly isLoading: boolean;
  readonly reload: () => void;
}

interface Kept<T> {
  readonly data: T | null;
  readonly error: Error | null;
  readonly isLoading: boolean;
}

/**
 * Loads when the page shows it and whenever `load` is another function (so: `useCallback`). Answers that come after a
 * newer question are dropped.
 */
export function useLoaded<T>(load: (signal: AbortSignal) => Promise<T>): Loaded<T> {
  const [kept, setKept] = useState<Kept<T>>({ data: null, error: null, isLoading: true });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const left = new AbortController();
    setKept((before) => ({ ...before, isLoading: true }));
    load(left.signal).then(
      (data) => !left.signal.aborted && setKept({ data, error: null, isLoading: false }),
      (cause: unknown) =>
        !left.signal.aborted && setKept((before) => ({ ...before, error: asError(cause), isLoading: false })),
    );
    return () => left.abort();
  }, [load, turn]);
  const reload = useCallback(() => setTurn((before) => before + 1), []);
  return { ...kept, reload };
}

export function asError(cause: unknown): Error {
  return cause instanceof Error ? cause : new Error(String(cause));
}

/** True for an error of ours with this code. */
export function hasCode(error: unknown, code: ErrorCode): boolean {
  return error instanceof FedgeError && error.code === code;
}
