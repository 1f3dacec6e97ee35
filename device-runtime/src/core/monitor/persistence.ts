import type { Verdict } from "@fedge/protocol/profile";

/** Of so many windows running, so many exceed: drift. */
const PERSISTENCE = { windows: 3, exceeded: 2 } as const;

/** What a window says of something that is compared. */
export interface Judged {
  readonly verdict: Verdict;
  /** Why, in words; null where there is nothing to say. */
  readonly reason: string | null;
  /** More than chance, and an effect above its floor. */
  readonly isExceeded: boolean;
}

/** Verdicts of windows that had enough to be judged. */
const SAID: ReadonlySet<Verdict> = new Set(["ok", "warning", "drift", "broken_data"]);

/** Whether a window, or something in it, could be judged: one of a few rows neither goes on with a drift nor ends it. */
export function wasJudged({ verdict }: { readonly verdict: Verdict }): boolean {
  return SAID.has(verdict);
}

/** What earlier windows that could be judged say of one thing, the newest being one window back. */
export function judgedBefore<W>(
  before: readonly W[],
  judgedIn: (window: W) => Judged | undefined,
): (back: number) => Judged | undefined {
  const judged = before.flatMap((window) => judgedIn(window) ?? []).filter(wasJudged);
  return (back) => judged.at(-back);
}

/**
 * The verdict on a window that could be judged, after those before it: exceeded in two of three windows is `drift`, or no more
 * than `warning` where the change is soft; exceeded once, or for one window after a drift, is `warning`.
 */
export function sustained(
  effect: string | null,
  isSoft: boolean,
  windowBefore: (back: number) => Judged | undefined,
): Judged {
  const isExceeded = effect !== null;
  const last = windowBefore(1);
  const backs = Array.from({ length: PERSISTENCE.windows - 1 }, (_, at) => at + 1);
  const numBefore = backs.filter((back) => windowBefore(back)?.isExceeded === true).length;
  if (numBefore + Number(isExceeded) >= PERSISTENCE.exceeded)
    return { verdict: isSoft ? "warning" : "drift", reason: effect ?? last?.reason ?? null, isExceeded };
  if (isExceeded) return { verdict: "warning", reason: effect, isExceeded };
  return last?.verdict === "drift"
    ? { verdict: "warning", reason: "it drifted until the window before", isExceeded }
    : { verdict: "ok", reason: null, isExceeded };
}
