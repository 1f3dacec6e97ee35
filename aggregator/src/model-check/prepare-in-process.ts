import { fork, type ChildProcess } from "node:child_process";
import { totalmem } from "node:os";
import { FedgeError, fromWireError, type WireError } from "@fedge/protocol";
import type { ModelToPrepare, PreparedModel, PrepareModel } from "./prepared-model.js";

export interface PrepareRequest extends ModelToPrepare {
  readonly maxMemoryBytes: number;
}

export type PrepareAnswer =
  | { readonly type: "done"; readonly prepared: PreparedModel }
  | { readonly type: "failed"; readonly error: WireError };

/** How long a model may take to be read, differentiated and tried, and what its process may hold. */
export interface PrepareLimits {
  /** Two minutes by default. */
  readonly deadlineMs?: number;
  /** 8 GiB by default, or half of the machine's memory where that is less. */
  readonly maxMemoryBytes?: number;
}

const DEADLINE_MS = 120_000;
const MAX_MEMORY_BYTES = Math.min(8 * 2 ** 30, totalmem() / 2);

/**
 * Prepares models in processes of their own, one after the other: a file that takes for ever, fills the memory or
 * brings the native runtime down takes nothing else with it, and whoever asks is free meanwhile.
 *
 * The result throws ONNX_… as `buildTrainingGraphs` does, and TRAINING_FAILED when a step fails, gives a loss or a
 * parameter that is not finite, or goes beyond a limit.
 */
export function createModelPreparer(limits: PrepareLimits = {}): PrepareModel {
  let last: Promise<unknown> = Promise.resolve();
  return (model) => {
    const prepared = last.then(() => prepareInProcess(model, limits));
    last = prepared.catch(() => undefined);
    return prepared;
  };
}

async function prepareInProcess(
  { onnx, training }: ModelToPrepare,
  limits: PrepareLimits,
): Promise<PreparedModel> {
  const maxMemoryBytes = limits.maxMemoryBytes ?? MAX_MEMORY_BYTES;
  const child = start(maxMemoryBytes);
  const answer = await ask(child, { onnx, training, maxMemoryBytes }, limits.deadlineMs ?? DEADLINE_MS);
  if (answer.type === "done") return answer.prepared;
  const { code, message } = answer.error;
  // The runtime breaks its messages into lines.
  throw code === "INTERNAL"
    ? stepFailed(message.replaceAll(/\s+/g, " ").trim())
    : fromWireError(answer.error);
}

function start(maxMemoryBytes: number): ChildProcess {
  return fork(new URL("./prepare-entry.js", import.meta.url), {
    serialization: "advanced",
    stdio: ["ignore", "ignore", "ignore", "ipc"],
    execArgv: [`--max-old-space-size=${Math.ceil(maxMemoryBytes / 2 ** 20)}`],
    // Version 1.30 of the native runtime reports to its maker unless this is set.
    env: { ...process.env, ORT_DISABLE_TELEMETRY: "1" },
  });
}

function ask(child: ChildProcess, request: PrepareRequest, deadlineMs: number): Promise<PrepareAnswer> {
  return new Promise((resolve, reject) => {
    let isTooLate = false;
    const deadline = setTimeout(() => {
      isTooLate = true;
      child.kill("SIGKILL");
    }, deadlineMs);
    child.once("message", (answer: PrepareAnswer) => resolve(answer));
    child.on("error", (cause) => reject(stepFailed(cause.message)));
    child.once("exit", (code, signal) => {
      clearTimeout(deadline);
      reject(
        stepFailed(isTooLate ? `it was not over after ${deadlineMs} ms` : deathOf(code, signal, request)),
      );
    });
    child.send(request);
  });
}

/** SIGKILL is the guard's or the system's answer to too much memory, SIGABRT that of V8 and of the native runtime. */
function deathOf(code: number | null, signal: string | null, { maxMemoryBytes }: PrepareRequest): string {
  const most = `${Math.round(maxMemoryBytes / 1e6)} MB`;
  if (signal === "SIGKILL") return `it needs more than ${most} of memory`;
  return `it brought its process down (${signal ?? `code ${code}`}), which may hold ${most}`;
}

function stepFailed(cause: string): FedgeError {
  return new FedgeError(
    "TRAINING_FAILED",
    `a training step of the model fails: ${cause}; try the model in onnxruntime, and export it again`,
  );
}
