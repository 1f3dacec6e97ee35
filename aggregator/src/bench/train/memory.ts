import { execFile, fork } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";
import { INTERPRETER, ONE_THREAD, PYTORCH_MODELS } from "./pytorch-models.js";
import type { ComparedModel } from "./steps.js";

/** Growth of the peak memory over the imports; one line. */
const PROGRAM = `${PYTORCH_MODELS}
def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))

before = peak()
step = stepper(sys.argv[1])
for _ in range(50):
    step()
print(peak() - before)
`;

/**
 * Bytes by which a fresh process grows, at its peak, from having loaded the runtime to having taken 50 steps.
 * Undefined where this machine does not have the runtime, or no /proc: what getrusage says is that of the parent as well.
 */
export async function peakMemoryOf(
  side: "onnxruntime-node" | "pytorch",
  model: ComparedModel,
): Promise<number | undefined> {
  return side === "pytorch" ? ofPyTorch(model) : ofOurs(model);
}

async function ofPyTorch(model: ComparedModel): Promise<number | undefined> {
  try {
    const env = { ...process.env, ...ONE_THREAD };
    const { stdout } = await promisify(execFile)(INTERPRETER, ["-c", PROGRAM, model], { env });
    return Number(stdout);
  } catch {
    return undefined;
  }
}

async function ofOurs(model: ComparedModel): Promise<number | undefined> {
  const child = fork(new URL("./memory-entry.js", import.meta.url), [model]);
  const exited = once(child, "exit").then((): undefined => undefined);
  const answered = once(child, "message").then(([bytes]) => Number(bytes));
  return Promise.race([answered, exited]);
}
