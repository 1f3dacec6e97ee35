import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { FedgeError } from "@fedge/protocol";
import { INTERPRETER, ONE_THREAD, PYTORCH_MODELS } from "./pytorch-models.js";
import type { ComparedModel, Steps } from "./steps.js";

/** Reads "model seconds" lines and answers with examples per second. */
const PROGRAM = `${PYTORCH_MODELS}
print("ready", flush=True)
steps = {}
for line in sys.stdin:
    name, seconds = line.split()
    step = steps[name] if name in steps else steps.setdefault(name, stepper(name))
    for _ in range(3):
        step()
    best, start = float("inf"), time.perf_counter()
    while time.perf_counter() - start < float(seconds):
        begin = time.perf_counter()
        for _ in range(5):
            step()
        best = min(best, (time.perf_counter() - begin) / 5)
    print(BATCH / best, flush=True)
`;

/** PyTorch in a process of its own, one for all models. */
export interface PyTorch {
  open(model: ComparedModel): Pick<Steps, "measure" | "close">;
  close(): Promise<void>;
}

/** Starts PyTorch; null where this machine has none. */
export async function startPyTorch(): Promise<PyTorch | null> {
  const child = spawn(INTERPRETER, ["-c", PROGRAM], {
    stdio: ["pipe", "pipe", "ignore"],
    env: { ...process.env, ...ONE_THREAD },
  });
  const exited = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  const lines = createInterface({ input: child.stdout });
  const nextLine = async (): Promise<string | undefined> => {
    const ended = exited.then((): undefined => undefined);
    const line = once(lines, "line").then(([text]) => String(text));
    return Promise.race([line, ended]);
  };
  if ((await nextLine()) !== "ready") return null;
  return {
    open: (model) => ({
      async measure(durationMs) {
        child.stdin.write(`${model} ${durationMs / 1000}\n`);
        const line = await nextLine();
        if (line !== undefined) return Number(line);
        throw new FedgeError("ENGINE_FAILED", "PyTorch ended while it was measured");
      },
      close: () => Promise.resolve(),
    }),
    async close() {
      child.stdin.end();
      await exited;
    },
  };
}
