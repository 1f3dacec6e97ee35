import { fromWireError, type FedgeError, type WireError } from "@fedge/protocol";
import type { TensorValues } from "../core/ports/engine.js";
import type { Answer } from "./engine-worker-api.js";

/**
 * Runs go beside comlink, in two flat messages: for a small model what comlink builds and takes apart for each call costs
 * a fifth of the whole. It takes no notice of messages that are not its own.
 */
export interface RunMessage {
  readonly run: number;
  readonly session: number;
  readonly inputs: TensorValues;
}

export interface RanMessage {
  readonly ran: number;
  readonly answer: Answer<TensorValues>;
}

/** The part of a worker, or of its own scope, that carries messages. */
export interface LaneEndpoint {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject): void;
}

interface Waiting {
  readonly deadlineMs: number;
  readonly endsAtMs: number;
  readonly resolve: (values: TensorValues) => void;
  readonly reject: (reason: FedgeError) => void;
}

/** The page's end. It keeps who waits itself: guards around each run would cost as much as sending it. */
export class RunLane {
  /** In the order they were asked, with which the deadlines rise: all have the same. */
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;

  constructor(
    private readonly endpoint: LaneEndpoint,
    /** How errors that the worker answers with come out. */
    private readonly toError: (error: WireError) => FedgeError = fromWireError,
  ) {
    endpoint.addEventListener("message", (event: Event) => {
      const { data } = event as MessageEvent<Partial<RanMessage> | null>;
      if (data?.ran === undefined || data.answer === undefined) return;
      event.stopImmediatePropagation();
      this.#answered(data.ran, data.answer);
    });
  }

  /** What the session gives. Throws what the worker answers with, and what the lane is ended with. */
  run(session: number, inputs: TensorValues, deadlineMs: number): Promise<TensorValues> {
    const run = (this.#last += 1);
    return new Promise((resolve, reject) => {
      this.endpoint.postMessage({ run, session, inputs } satisfies RunMessage, []);
      this.#waiting.set(run, { deadlineMs, endsAtMs: performance.now() + deadlineMs, resolve, reject });
    });
  }

  /** Of the run that waits longest; undefined when none does. */
  get first(): Pick<Waiting, "deadlineMs" | "endsAtMs"> | undefined {
    return this.#waiting.values().next().value;
  }

  /** Whoever waits waits no longer. */
  end(reason: FedgeError): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(reason);
  }

  #answered(run: number, answer: Answer<TensorValues>): void {
    const waiting = this.#waiting.get(run);
    this.#waiting.delete(run);
    if ("error" in answer) waiting?.reject(this.toError(answer.error));
    else waiting?.resolve(answer.result);
  }
}

/** The worker's end. */
export function serveRuns(
  endpoint: LaneEndpoint,
  answer: (session: number, inputs: TensorValues) => Promise<Answer<TensorValues>>,
): void {
  endpoint.addEventListener("message", (event: Event) => {
    const { data } = event as MessageEvent<Partial<RunMessage> | null>;
    const { run, session, inputs } = data ?? {};
    if (run === undefined || session === undefined || inputs === undefined) return;
    // Comlink would take it apart, and find nothing in it.
    event.stopImmediatePropagation();
    void answer(session, inputs).then((given) => {
      const message: RanMessage = { ran: run, answer: given };
      endpoint.postMessage(message, "error" in given ? [] : buffersOf(given.result));
    });
  });
}

/** Below this a copy takes less than handing the memory over. */
const MIN_TRANSFER_BYTES = 65_536;

/** Each once: outputs may be views of one buffer. */
function buffersOf(values: TensorValues): ArrayBuffer[] {
  const buffers = new Set(Object.values(values).map(({ data }) => data.buffer as ArrayBuffer));
  return [...buffers].filter(({ byteLength }) => byteLength >= MIN_TRANSFER_BYTES);
}
