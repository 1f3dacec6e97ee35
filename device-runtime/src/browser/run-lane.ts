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

/** The page's end. */
export class RunLane {
  readonly #waiting = new Map<number, (answer: Answer<TensorValues>) => void>();
  #last = 0;

  constructor(private readonly endpoint: LaneEndpoint) {
    endpoint.addEventListener("message", (event: Event) => {
      const { data } = event as MessageEvent<Partial<RanMessage> | null>;
      const number = data?.ran;
      if (number === undefined || data?.answer === undefined) return;
      this.#waiting.get(number)?.(data.answer);
      this.#waiting.delete(number);
    });
  }

  run(session: number, inputs: TensorValues): Promise<Answer<TensorValues>> {
    const run = (this.#last += 1);
    return new Promise((resolve) => {
      this.#waiting.set(run, resolve);
      this.endpoint.postMessage({ run, session, inputs } satisfies RunMessage, []);
    });
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
