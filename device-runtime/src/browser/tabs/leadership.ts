/** Lets one tab of an origin lead. */
export interface Leadership {
  /**
   * Calls `lead` once this tab leads, and holds the lead until what it gives has settled. Resolves with whether that
   * was at once; `lead` is then under way. Aborting the signal ends the waiting.
   */
  request(lead: () => Promise<void>, signal: AbortSignal): Promise<boolean>;
}

/** Leadership by Web Locks, which a browser frees when a tab closes or crashes. Without them every tab leads alone. */
export function createLockLeadership(name: string, locks: LockManager | undefined): Leadership {
  return {
    request: async (lead, signal) => {
      if (locks === undefined) {
        void lead();
        return true;
      }
      if (await leadsAtOnce(locks, name, lead)) return true;
      // Rejects when the signal aborts, which whoever aborts knows.
      locks.request(name, { signal }, lead).catch(() => undefined);
      return false;
    },
  };
}

function leadsAtOnce(locks: LockManager, name: string, lead: () => Promise<void>): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const held = locks.request(name, { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      return lock === null ? undefined : lead();
    });
    held.catch(reject);
  });
}
