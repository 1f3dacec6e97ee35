/** Trusted Types, as far as they are used: https://www.w3.org/TR/trusted-types/. */
export interface TrustedTypesLike {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): ScriptUrlPolicy;
}

interface ScriptUrlPolicy {
  createScriptURL(url: string): unknown;
}

type WorkerClass = new (url: string | URL, options?: WorkerOptions) => Worker;

/** What starts workers; the page's own global fits. */
export interface WorkerScope {
  Worker: WorkerClass;
}

/** The policy `fedge`, which blesses the addresses of this package's own workers; null where the browser has or allows none. */
export function createWorkerPolicy(types: TrustedTypesLike | undefined): ScriptUrlPolicy | null {
  try {
    return types?.createPolicy("fedge", { createScriptURL: (url) => url }) ?? null;
  } catch {
    return null;
  }
}

/**
 * Starts a worker whose address is blessed. Bundlers find a worker by `new Worker(new URL(…))` alone, where there is no
 * room for a policy: for as long as `start` runs, and nothing else can, `Worker` is one that blesses what it is given.
 */
export function startTrusted(
  start: () => Worker,
  policy: ScriptUrlPolicy | null,
  scope: WorkerScope = globalThis,
): Worker {
  if (policy === null) return start();
  const { Worker: Native } = scope;
  const blessing: ScriptUrlPolicy = policy;
  scope.Worker = class extends Native {
    constructor(url: string | URL, options?: WorkerOptions) {
      super(blessing.createScriptURL(String(url)) as string, options);
    }
  };
  try {
    return start();
  } finally {
    scope.Worker = Native;
  }
}
