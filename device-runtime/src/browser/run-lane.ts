import { fromWireError, type FedgeError, type TensorData, type WireError } from "@fedge/protocol";
import type { TensorValue, TensorValues } from "../core/ports/engine.js";
import type { Answer } from "./engine-worker-api.js";

/**
 * Runs go beside comlink, in two flat messages: for a small model what comlink builds and takes apart for each call costs
 * a fifth of the whole, and each object within a message some microseconds more. It takes no notice of messages that are
 * not its own.
 */
export type RunMessage = readonly ["run", run: number, session: number, ...flat: FlatTensors];

/** The answer to one: what the session gave, or why it gave nothing. */
export type RanMessage =
  readonly ["ran", run: number, error: WireError] | readonly ["ran", run: number, ...flat: FlatTensors];

/** For each tensor its name, its shape and its values. */
type FlatTensors = readonly (string | readonly number[] | TensorData)[];

/** The part of a worker, or of its own scope, that carries messages. */
export interface LaneEndpoint {
  postMessage(message: unknown, transfer?: Transferable[]): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject): void;
}

/** A run that is waited for. Only the first has a deadline: the worker has not begun with those behind it. */
interface Waiting {
  readonly deadlineMs: number;
  endsAtMs: number | null;
  readonly resolve: (values: TensorValues) => void;
  readonly reject: (reason: FedgeError) => void;
}

/** The page's end. It keeps who waits itself: guards around each run would cost as much as sending it. */
export class RunLane {
  /** In the order they were asked. */
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;

  constructor(
    private readonly endpoint: LaneEndpoint,
    /** How errors that the worker answers with come out. */
    private readonly toError: (error: WireError) => FedgeError = fromWireError,
  ) {
    endpoint.addEventListener("message", (event: Event) => {
      const { data } = event as MessageEvent<unknown>;
      if (!isTagged(data, "ran")) return;
      event.stopImmediatePropagation();
      this.#answered(data as RanMessage);
    });
  }

  /** What the session gives. Throws what the worker answers with, and what the lane is ended with. */
  run(session: number, inputs: TensorValues, deadlineMs: number): Promise<TensorValues> {
    const run = (this.#last += 1);
    return new Promise((resolve, reject) => {
      this.endpoint.postMessage(flattened(["run", run, session], inputs));
      this.#waiting.set(run, { deadlineMs, endsAtMs: null, resolve, reject });
    });
  }

  /** The run that waits longest, whose deadline begins when this first says so; undefined when none does. */
  first(nowMs: number): { readonly deadlineMs: number; readonly endsAtMs: number } | undefined {
    const first = this.#waiting.values().next().value;
    if (first === undefined) return undefined;
    const endsAtMs = (first.endsAtMs ??= nowMs + first.deadlineMs);
    return { deadlineMs: first.deadlineMs, endsAtMs };
  }

  /** Whoever waits waits no longer. */
  end(reason: FedgeError): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(reason);
  }

  #answered(message: RanMessage): void {
    const [, run, given] = message;
    const waiting = this.#waiting.get(run);
    this.#waiting.delete(run);
    const isError = given !== undefined && typeof given !== "string";
    if (isError) waiting?.reject(this.toError(given as WireError));
    else waiting?.resolve(tensorsOf(message, 2));
  }
}

/** The worker's end. */
export function serveRuns(
  endpoint: LaneEndpoint,
  answer: (session: number, inputs: TensorValues) => Promise<Answer<TensorValues>>,
): void {
  endpoint.addEventListener("message", (event: Event) => {
    const { data } = event as MessageEvent<unknown>;
    if (!isTagged(data, "run")) return;
    // Comlink would take it apart, and find nothing in it.
    event.stopImmediatePropagation();
    const [, run, session] = data as RunMessage;
    void answer(session, tensorsOf(data, 3)).then((given) => {
      if ("error" in given) return endpoint.postMessage(["ran", run, given.error]);
      const large = largeBuffersOf(given.result);
      endpoint.postMessage(flattened(["ran", run], given.result), large);
    });
  });
}

function isTagged(data: unknown, tag: "run" | "ran"): data is readonly unknown[] {
  return Array.isArray(data) && data[0] === tag;
}

function flattened(head: readonly unknown[], values: TensorValues): readonly unknown[] {
  const flat = [...head];
  for (const name of Object.keys(values)) {
    const { shape, data } = values[name] as TensorValue;
    flat.push(name, shape, data);
  }
  return flat;
}

function tensorsOf(flat: readonly unknown[], from: number): TensorValues {
  const values: Record<string, TensorValue> = {};
  for (let at = from; at < flat.length; at += 3)
    values[flat[at] as string] = { shape: flat[at + 1] as number[], data: flat[at + 2] as TensorData };
  return values;
}

/** Below this a copy takes less than handing the memory over. */
const MIN_TRANSFER_BYTES = 65_536;

/** Each once: outputs may be views of one buffer. */
function largeBuffersOf(values: TensorValues): ArrayBuffer[] | undefined {
  const all = Object.values(values).map(({ data }) => data.buffer as ArrayBuffer);
  const large = all.filter(({ byteLength }) => byteLength >= MIN_TRANSFER_BYTES);
  return large.length === 0 ? undefined : [...new Set(large)];
}
