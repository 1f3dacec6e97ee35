import { fork } from "node:child_process";
import { FedgeError, fromWireError, type WireError } from "@fedge/protocol";
import type { TensorSpec, TrainingGraphs, ValueSpec } from "@fedge/onnx-autodiff";

/** What the child process is given. */
export interface TrainingCheckRequest {
  readonly train: Uint8Array;
  readonly inputs: readonly ValueSpec[];
  readonly target: ValueSpec;
  readonly tensors: readonly TensorSpec[];
}

/** What one training step on random examples took and gave. */
export interface TrainingCheck {
  /** Examples of the step. */
  readonly batchSize: number;
  readonly loss: number;
  readonly stepMs: number;
  /** Growth of the process's peak memory while the step was prepared and run. */
  readonly memoryBytes: number;
}

export type TrainingCheckAnswer =
  | { readonly type: "done"; readonly check: TrainingCheck }
  | { readonly type: "failed"; readonly error: WireError };

/** Runs one training step, or throws TRAINING_FAILED. */
export type CheckTraining = (graphs: TrainingGraphs) => Promise<TrainingCheck>;

const DEADLINE_MS = 60_000;

/**
 * One training step in a process of its own: a graph that never ends, or takes the runtime down, takes nothing else
 * with it.
 *
 * Throws TRAINING_FAILED when the step fails, gives a loss that is not finite, or is not over in a minute.
 */
export async function checkTraining(graphs: TrainingGraphs): Promise<TrainingCheck> {
  const { train, inputs, loss, parameters, state } = graphs;
  const answer = await askChild({ train, inputs, target: loss.target, tensors: [...parameters, ...state] });
  if (answer.type === "failed") throw failed(fromWireError(answer.error).message);
  if (Number.isFinite(answer.check.loss)) return answer.check;
  throw failed(`its loss on random examples is ${answer.check.loss}`);
}

function askChild(request: TrainingCheckRequest): Promise<TrainingCheckAnswer> {
  const child = fork(new URL("./training-check-entry.js", import.meta.url), {
    serialization: "advanced",
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  return new Promise((resolve, reject) => {
    const deadline = setTimeout(() => {
      child.kill("SIGKILL");
      reject(failed(`it was not over after ${DEADLINE_MS / 1000} seconds`));
    }, DEADLINE_MS);
    child.once("message", (answer: TrainingCheckAnswer) => resolve(answer));
    child.once("error", (cause) => reject(failed(cause.message)));
    child.once("exit", (code, signal) => {
      clearTimeout(deadline);
      reject(failed(`the process that ran it ended with ${signal ?? `code ${code}`}`));
    });
    child.send(request);
  });
}

function failed(cause: string): FedgeError {
  return new FedgeError(
    "TRAINING_FAILED",
    `a training step of the model fails: ${cause}; try the model in onnxruntime, and export it again`,
  );
}
