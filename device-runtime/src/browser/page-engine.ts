import type { WorkerLike } from "./engine-worker.js";

/**
 * An engine in the page's own thread, for a page whose content security policy forbids workers: it answers as a worker
 * does, and the page stands still while it computes.
 */
export function startPageEngine(): WorkerLike {
  const { port1, port2 } = new MessageChannel();
  // Fetched only here: a page with workers never loads the engine itself.
  const loading = Promise.all([import("./engine-api.js"), import("./engine-loaders/wasm-loader.js")]).then(
    ([{ serveEngine }, { loadWasmEngine }]) => serveEngine(loadWasmEngine, port1),
  );
  const failures = new EventTarget();
  loading.catch((error: unknown) => {
    failures.dispatchEvent(new ErrorEvent("error", { message: String(error) }));
  });
  port2.start();
  return {
    postMessage: (message, transfer) => port2.postMessage(message, transfer ?? []),
    addEventListener: (type, listener) => of(type).addEventListener(type, listener as EventListener),
    removeEventListener: (type, listener) => of(type).removeEventListener(type, listener as EventListener),
    terminate: () => {
      port1.close();
      port2.close();
    },
  };

  function of(type: string): EventTarget {
    return type === "error" ? failures : port2;
  }
}
