import { FedgeError, fromWireError } from "@fedge/protocol";
import { wrap, type Endpoint, type Remote } from "comlink";
import type { TensorValues } from "../core/ports/engine.js";
import { Life } from "../mqtt/life.js";
import { RunLane } from "./run-lane.js";
import type { EngineSettings } from "./engine-loaders/engine-loader.js";
import type { Answer, EngineWorkerApi, StartedEngine } from "./engine-worker-api.js";
import { watchLife } from "./worker-life.js";

/** Loading an engine over a slow network. */
const START_MS = 120_000;

/** How late a deadline may be noticed. */
const WATCH_EVERY_MS = 1000;

/** What is used of a worker; the page's own thread can be given for one. */
export interface WorkerLike extends Endpoint {
  terminate(): void;
}

interface Running {
  readonly calls: Set<{ readonly deadlineMs: number; readonly endsAtMs: number }>;
  timer: ReturnType<typeof setTimeout> | null;
  readonly worker: WorkerLike;
  readonly api: Remote<EngineWorkerApi>;
  readonly runs: RunLane;
  readonly life: Life;
  /** Resolves when it may be asked for something. */
  readonly born: Promise<void>;
  stopWatching: () => void;
}

/** A worker with an engine, started when it is needed and again when it has died. */
export class EngineWorker {
  #running: Running | null = null;
  #isClosed = false;

  constructor(
    private readonly newWorker: () => WorkerLike,
    private readonly settings: EngineSettings,
  ) {}

  /** What it is. Throws ENGINE_UNAVAILABLE when it does not start. */
  async start(): Promise<StartedEngine> {
    try {
      return await this.call((api) => api.start(), START_MS);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new FedgeError("ENGINE_UNAVAILABLE", `the engine's worker does not start: ${reason}`, { cause });
    }
  }

  /** Numbers the worker: another one after a death has forgotten what the one before was told. */
  get generation(): Running | null {
    return this.#running;
  }

  /**
   * The worker's answer. Throws what it answers with, DEADLINE_EXCEEDED when it takes longer, after which it is ended,
   * TRAINER_DIED when it ends first, and CLOSED.
   */
  async call<T>(ask: (api: Remote<EngineWorkerApi>) => Promise<Answer<T>>, deadlineMs: number): Promise<T> {
    if (this.#isClosed) throw closed();
    const running = (this.#running ??= this.#start());
    const call = { deadlineMs, endsAtMs: performance.now() + deadlineMs };
    running.calls.add(call);
    this.#watch(running);
    try {
      const answer = await running.life.guard(running.born.then(() => ask(running.api)));
      if ("error" in answer) throw this.#failed(running, fromWireError(answer.error));
      return answer.result;
    } finally {
      running.calls.delete(call);
    }
  }

  /** One run of a session. Throws as `call` does. */
  run(session: number, inputs: TensorValues, deadlineMs: number): Promise<TensorValues> {
    if (this.#isClosed) return Promise.reject(closed());
    const running = (this.#running ??= this.#start());
    this.#watch(running);
    return running.runs.run(session, inputs, deadlineMs);
  }

  /** A worker whose engine could not be fetched, as without a network, never gets one: the next call starts another. */
  #failed(running: Running, error: FedgeError): FedgeError {
    if (error.code === "ENGINE_UNAVAILABLE") this.#end(running, error);
    return error;
  }

  /** One timer for all calls: setting one for each would cost more than a small model's run. */
  #watch(running: Running): void {
    if (running.timer !== null) return;
    running.timer = setTimeout(() => {
      running.timer = null;
      const nowMs = performance.now();
      const run = running.runs.first(nowMs);
      const calls = [...running.calls, ...(run === undefined ? [] : [run])];
      const late = calls.find(({ endsAtMs }) => endsAtMs <= nowMs);
      if (late !== undefined) {
        const message = `the engine took longer than ${late.deadlineMs} ms`;
        this.#end(running, new FedgeError("DEADLINE_EXCEEDED", message));
      } else if (calls.length > 0) this.#watch(running);
    }, WATCH_EVERY_MS);
  }

  /** Whether it has anything else to do than to answer runs. */
  get isBusy(): boolean {
    return this.#running !== null && this.#running.calls.size > 0;
  }

  /** Tells a worker that runs to let other work go first; one that does not run has none. */
  stepAside(): void {
    if (!this.isBusy) return;
    // Should the worker end first, whoever waits for it hears of that.
    Promise.resolve(this.#running?.api.stepAside()).catch(() => undefined);
  }

  /** Ends the worker; the next call starts another. */
  restart(reason: FedgeError): void {
    if (this.#running !== null) this.#end(this.#running, reason);
  }

  /** Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.restart(closed());
  }

  #start(): Running {
    const worker = this.newWorker();
    // First, so that nobody else looks at its messages.
    const runs = new RunLane(worker, (error) => this.#failed(running, fromWireError(error)));
    const api = wrap<EngineWorkerApi>(worker);
    // Messages keep their order; a worker that ends first is heard by whoever asks it.
    Promise.resolve(api.configure(this.settings)).catch(() => undefined);
    let bear = (): void => undefined;
    const born = new Promise<void>((resolve) => (bear = resolve));
    const running: Running = {
      ...{ worker, api, runs, born, life: new Life(), calls: new Set(), timer: null },
      stopWatching: () => undefined,
    };
    this.#watchLife(running, bear);
    worker.addEventListener("error", (event: Event) => {
      // A script that cannot be loaded is told by a plain event, without a message.
      const message = (event as Partial<ErrorEvent>).message ?? "";
      const why = message === "" ? "its script cannot be loaded" : message;
      this.#end(running, died(why));
    });
    return running;
  }

  /**
   * A worker that ends without a word is noticed by its lock; where there are no locks, by the deadlines. Until its script
   * is there, it has as long as an engine has to start.
   */
  #watchLife(running: Running, bear: () => void): void {
    const birth = { deadlineMs: START_MS, endsAtMs: performance.now() + START_MS };
    running.calls.add(birth);
    this.#watch(running);
    // Missing in old browsers, whatever the type says.
    const locks = navigator.locks as LockManager | undefined;
    running.stopWatching = watchLife(running.worker, locks, {
      born: () => {
        running.calls.delete(birth);
        bear();
      },
      ended: () => this.#end(running, died("it was closed, or the browser ended it")),
    });
  }

  #end(running: Running, reason: FedgeError): void {
    if (this.#running === running) this.#running = null;
    clearTimeout(running.timer ?? undefined);
    running.stopWatching();
    running.worker.terminate();
    running.life.end(reason);
    running.runs.end(reason);
  }
}

function died(why: string): FedgeError {
  return new FedgeError("TRAINER_DIED", `the engine's worker ended: ${why}`);
}

function closed(): FedgeError {
  return new FedgeError("CLOSED", "the engine is closed");
}
