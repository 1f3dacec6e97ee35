/** Lets one tab of an origin lead. */
export interface Leadership {
  /**
   * Calls `lead` once this tab leads, and holds the lead until what it gives has settled. Resolves with whether that
   * was at once; `lead` is then under way. Aborting the signal ends the waiting.
   */
  request(lead: () => Promise<void>, signal: AbortSignal): Promise<boolean>;
}

/** The part of the Web Locks API that is used. */
export type TabLocks = Pick<LockManager, "request">;

/**
 * Leadership by Web Locks, which a browser frees when a tab closes or crashes. Without them, and where the browser
 * refuses them, as it does with blocked site data, every tab leads alone.
 */
export function createLockLeadership(name: string, locks: TabLocks | undefined): Leadership {
  return {
    request: async (lead, signal) => {
      const granted = locks === undefined ? "refused" : await askedAtOnce(locks, name, lead);
      if (granted === "refused") void lead();
      if (granted !== "busy") return true;
      // Rejects when the signal aborts, which whoever aborts knows.
      locks?.request(name, { signal }, lead).catch(() => undefined);
      return false;
    },
  };
}

type Granted = "yes" | "busy" | "refused";

async function askedAtOnce(locks: TabLocks, name: string, lead: () => Promise<void>): Promise<Granted> {
  return new Promise((resolve) => {
    const ask = async (): Promise<void> =>
      locks.request(name, { ifAvailable: true }, (lock) => {
        resolve(lock === null ? "busy" : "yes");
        return lock === null ? undefined : lead();
      });
    // Only a lock that was never asked about is refused; the first answer counts.
    ask().catch(() => resolve("refused"));
  });
}
