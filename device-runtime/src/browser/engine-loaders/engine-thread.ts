/** What the ONNX runtime calls the workers that are its threads. */
const THREAD_NAME = "em-pthread";

/**
 * Whether this worker is one of the runtime's threads. It starts them from the script that it is itself in, which is the
 * engine's worker where a bundler has put both into one file.
 */
export function isEngineThread(scope: { readonly name?: string }): boolean {
  return scope.name?.startsWith(THREAD_NAME) ?? false;
}

/** What is used of a worker's global scope. */
export interface ThreadScope {
  onmessage: ((this: never, event: MessageEvent) => unknown) | null;
}

/** Loads the runtime, which finds that it is a thread, and gives it what has come meanwhile. */
export async function runEngineThread(scope: ThreadScope, load: () => Promise<unknown>): Promise<void> {
  const early: MessageEvent[] = [];
  scope.onmessage = (event: MessageEvent) => early.push(event);
  await load();
  const { onmessage } = scope as { readonly onmessage: ((event: MessageEvent) => unknown) | null };
  for (const event of early) onmessage?.(event);
}
