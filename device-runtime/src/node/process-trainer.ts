import { FedgeError, fromWireError, type WireError } from "@fedge/protocol";
import { wrap, type Remote } from "comlink";
import { fork, type ChildProcess } from "node:child_process";
import { setPriority } from "node:os";
import { fileURLToPath } from "node:url";
import type { StopSignal, Trainer, TrainingRequest, TrainingResult } from "../core/ports/engine.js";
import { formOf, type NodeEngine } from "./engines.js";
import { nowAndThen } from "../engines/training/now-and-then.js";
import { Life } from "../mqtt/life.js";
import { processEndpoint } from "./process-endpoint.js";

export type TrainAnswer = { readonly result: TrainingResult } | { readonly error: WireError };

/** What the trainer's process offers. Errors are values: comlink would lose their codes. */
export interface TrainerApi {
  /** Requests run one after the other; a stopped one may still be on its last step when the next arrives. */
  train(id: number, request: TrainingRequest): Promise<TrainAnswer>;
  stop(id: number): void;
  stepAside(): void;
}

/** How long a training may take, and who hears of its process. */
export interface ProcessTrainerOptions {
  /** A training that takes longer is stopped; 30 minutes by default. */
  readonly deadlineMs?: number;
  /** Which engine trains; the first ONNX runtime that loads by default. */
  readonly engine?: NodeEngine;
  /** Told the process id of every trainer that starts. */
  readonly onStarted?: (pid: number) => void;
}

/** Lower than the app's: training is never urgent (nice value, POSIX). */
const PRIORITY = 19;
const DEADLINE_MS = 30 * 60_000;
/** One step of a large model on a slow device. */
const STOP_MS = 5000;

interface Running {
  readonly child: ChildProcess;
  readonly api: Remote<TrainerApi>;
  /** Ends with TRAINER_DIED. */
  readonly life: Life;
  numTrainings: number;
}

/**
 * Trains in a process of its own, started when needed: serving never waits for a step, and a crash of the native
 * runtime ends that process and not the app.
 */
export function createProcessTrainer(options: ProcessTrainerOptions = {}): Trainer {
  let running: Running | null = null;
  let isClosed = false;
  let numTrainings = 0;
  const current = (): Running => {
    running ??= start(options, (ended) => {
      // A process that was closed ends after its successor may have begun.
      if (running?.child === ended) running = null;
    });
    return running;
  };
  return {
    form: formOf(options.engine ?? "onnxruntime-node"),
    train: async (request, signal) => {
      // Before a process is started that nobody would end.
      if (isClosed) throw new FedgeError("CLOSED", "the trainer is closed");
      if (signal.aborted)
        throw new FedgeError("TRAINING_INTERRUPTED", "training was stopped before it began");
      const deadlineMs = options.deadlineMs ?? DEADLINE_MS;
      return trainIn(current(), { id: (numTrainings += 1), request, signal, deadlineMs });
    },
    stepAside: nowAndThen(() => {
      if (running === null || running.numTrainings === 0) return;
      // Should the process end first, whoever waits for the training hears of it.
      running.life.guard(running.api.stepAside()).catch(() => undefined);
    }),
    close: async () => {
      isClosed = true;
      if (running !== null) await end(running);
    },
  };
}

function start(options: ProcessTrainerOptions, onEnd: (child: ChildProcess) => void): Running {
  const entry = fileURLToPath(new URL("./trainer-process-entry.js", import.meta.url));
  const child = fork(entry, options.engine === undefined ? [] : [options.engine], {
    serialization: "advanced",
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    execArgv: [],
  });
  const life = new Life();
  child.on("error", (cause) => {
    onEnd(child);
    life.end(new FedgeError("TRAINER_DIED", "the trainer's process cannot run", { cause }));
  });
  child.once("exit", (code, signal) => {
    onEnd(child);
    const how = signal ?? `code ${code}`;
    const message = `the trainer's process ended (${how}); the next training starts another`;
    life.end(new FedgeError("TRAINER_DIED", message));
  });
  if (child.pid !== undefined) {
    lowerPriority(child.pid);
    options.onStarted?.(child.pid);
  }
  return { child, api: wrap<TrainerApi>(processEndpoint(child)), life, numTrainings: 0 };
}

/** A platform that does not let a process lower another's priority still trains. */
function lowerPriority(pid: number): void {
  try {
    setPriority(pid, PRIORITY);
  } catch (error) {
    process.emitWarning(`the trainer keeps its priority: ${String(error)}`);
  }
}

interface TrainCall {
  readonly id: number;
  readonly request: TrainingRequest;
  readonly signal: StopSignal;
  readonly deadlineMs: number;
}

async function trainIn(
  running: Running,
  { id, request, signal, deadlineMs }: TrainCall,
): Promise<TrainingResult> {
  const { api, life } = running;
  let isTooLate = false;
  let cancelKill: () => void = () => undefined;
  const stop = (): void => {
    cancelKill();
    cancelKill = stopOrKill(running, id);
  };
  const timer = setTimeout(() => {
    isTooLate = true;
    stop();
  }, deadlineMs);
  signal.addEventListener("abort", stop);
  running.numTrainings += 1;
  try {
    const answer = await life.guard<TrainAnswer>(api.train(id, request));
    if (!("error" in answer)) return answer.result;
    if (isTooLate) throw new FedgeError("DEADLINE_EXCEEDED", `training took longer than ${deadlineMs} ms`);
    throw fromWireError(answer.error);
  } finally {
    running.numTrainings -= 1;
    clearTimeout(timer);
    cancelKill();
    signal.removeEventListener("abort", stop);
  }
}

/** Asks for a stop between two steps; a process that does not get there is killed. Gives back how to call that off. */
function stopOrKill({ child, api, life }: Running, id: number): () => void {
  // Should the process end first, whoever waits for the training hears of it.
  life.guard(api.stop(id)).catch(() => undefined);
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
  return () => clearTimeout(timer);
}

/** The process ends by itself between two steps once its parent has let go. */
async function end(running: Running): Promise<void> {
  const { child, life } = running;
  if (life.isOver) return;
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
  if (child.connected) child.disconnect();
  await exited;
  clearTimeout(timer);
}
