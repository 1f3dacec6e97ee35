/** Time as the page sees it; tests bring their own. */
export interface PageClock {
  /** UTC epoch milliseconds. */
  nowMs(): number;
  /** Calls once after `delayMs`; gives back how to cancel. */
  after(delayMs: number, action: () => void): () => void;
}

/** The machine's clock. */
export const systemClock: PageClock = {
  nowMs: () => Date.now(),
  after: (delayMs, action) => {
    const timer = setTimeout(action, delayMs);
    return () => clearTimeout(timer);
  },
};
