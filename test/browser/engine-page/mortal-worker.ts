import "@fedge/device-runtime/browser/engine-worker";

/** How an engine's worker is brought to its end by a test. */
export type WorkerEnd =
  /** An error that nobody caught, after which it answers nothing. */
  | "crash"
  /** It closes itself, without a word. */
  | "close"
  /** It computes on and hears nothing, as in a step that is too long. */
  | "stall";

const STALL_MS = 20_000;

self.addEventListener("message", ({ data }: MessageEvent<{ readonly end?: WorkerEnd }>) => {
  if (data.end === "close") return self.close();
  if (data.end === "crash") self.reportError(new Error("out of memory"));
  if (data.end !== undefined) stall();
});

function stall(): void {
  const endsAtMs = performance.now() + STALL_MS;
  while (performance.now() < endsAtMs);
}
