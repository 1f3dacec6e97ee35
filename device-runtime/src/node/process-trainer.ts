import { FedgeError, fromWireError, type WireError } from "@fedge/protocol";
import { wrap, type Remote } from "comlink";
import { fork, type ChildProcess } from "node:child_process";
import { setPriority } from "node:os";
import { fileURLToPath } from "node:url";
import type { StopSignal, Trainer, TrainingRequest, TrainingResult } from "../core/ports/engine.js";
import { processEndpoint } from "./process-endpoint.js";

export type TrainAnswer = { readonly result: TrainingResult } | { readonly error: WireError };

/** What the trainer's process offers. Errors are values: comlink would lose their codes. */
export interface TrainerApi {
  train(request: TrainingRequest): Promise<TrainAnswer>;
  stop(): void;
}

export interface ProcessTrainerOptions {
  /** A training that takes longer is stopped; 30 minutes. */
  readonly deadlineMs?: number;
  /** Told the process id of every trainer that starts. */
  readonly onStarted?: (pid: number) => void;
}

/** Lower than the app's: training is never urgent (nice value, POSIX). */
const PRIORITY = 10;
const DEADLINE_MS = 30 * 60_000;
const STOP_MS = 5000;

interface Running {
  readonly child: ChildProcess;
  readonly api: Remote<TrainerApi>;
  /** Rejects with TRAINER_DIED when the process ends. */
  readonly died: Promise<never>;
}

/**
 * Trains in a process of its own, started when needed: serving never waits for a step, and a crash of the native
 * runtime ends that process and not the app.
 */
export function createProcessTrainer(options: ProcessTrainerOptions = {}): Trainer {
  let running: Running | null = null;
  const current = (): Running => {
    const started = running ?? start(options, () => (running = null));
    running = started;
    return started;
  };
  return {
    train: (request, signal) =>
      trainIn(current(), { request, signal, deadlineMs: options.deadlineMs ?? DEADLINE_MS }),
    close: async () => {
      const last = running;
      running = null;
      if (last !== null) await end(last);
    },
  };
}

function start(options: ProcessTrainerOptions, onEnd: () => void): Running {
  const entry = fileURLToPath(new URL("./trainer-process-entry.js", import.meta.url));
  const child = fork(entry, {
    serialization: "advanced",
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    execArgv: [],
  });
  const died = new Promise<never>((_, reject) => {
    child.once("error", (cause) =>
      reject(new FedgeError("TRAINER_DIED", "the trainer's process cannot run", { cause })),
    );
    child.once("exit", (code, signal) => {
      onEnd();
      reject(
        new FedgeError(
          "TRAINER_DIED",
          `the trainer's process ended (${signal ?? `code ${code}`}); the next training starts another`,
        ),
      );
    });
  });
  died.catch(() => undefined);
  if (child.pid !== undefined) {
    lowerPriority(child.pid);
    options.onStarted?.(child.pid);
  }
  return { child, api: wrap<TrainerApi>(processEndpoint(child)), died };
}

/** A platform that does not let a process lower another's priority still trains. */
function lowerPriority(pid: number): void {
  try {
    setPriority(pid, PRIORITY);
  } catch (error) {
    process.emitWarning(`the trainer keeps its priority: ${String(error)}`);
  }
}

async function trainIn(
  { api, died }: Running,
  {
    request,
    signal,
    deadlineMs,
  }: { readonly request: TrainingRequest; readonly signal: StopSignal; readonly deadlineMs: number },
): Promise<TrainingResult> {
  if (signal.aborted) throw new FedgeError("TRAINING_INTERRUPTED", "training was stopped before it began");
  const stop = (): void => void Promise.race([api.stop(), died]).catch(() => undefined);
  const timer = setTimeout(stop, deadlineMs);
  signal.addEventListener("abort", stop);
  try {
    const answer = await Promise.race([api.train(request), died]);
    if ("error" in answer) throw fromWireError(answer.error);
    return answer.result;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}

/** Asks first: the process ends by itself between two steps once its parent has let go. */
async function end({ child, api, died }: Running): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  void Promise.race([api.stop(), died]).catch(() => undefined);
  child.disconnect();
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
  await exited;
  clearTimeout(timer);
}
