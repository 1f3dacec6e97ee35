import "@fedge/device-runtime/browser/engine-worker";

/** The engine's worker, which ends with an error that nobody catches when it is told to. */
self.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
  if (data === "crash")
    setTimeout(() => {
      throw new Error("crashed");
    });
});
