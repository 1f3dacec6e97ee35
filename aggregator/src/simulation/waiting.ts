import { FedgeError } from "@fedge/protocol";
import type { Clock } from "../clock/clock.js";
import type { AggregatorService, ServiceEvent } from "../service.js";

export interface WaitOptions {
  /** True for an event after which it is worth asking; asking at every one would keep the database busy. */
  readonly isTelling: (event: ServiceEvent) => boolean;
  readonly service: Pick<AggregatorService, "onEvent">;
  /** What is waited for, for the message: "the task to end". */
  readonly what: string;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Longest time without any event of the service; then the run has come to a stop. */
  readonly stallMs: number;
  /** Says more about a stop, such as which devices are missing. */
  readonly describe: () => Promise<string>;
}

/**
 * Asks now and at every telling event of the service until the answer is not undefined, and gives it.
 *
 * Throws CLOSED when the signal aborts and DEADLINE_EXCEEDED when nothing happens for `stallMs`.
 */
export function waitUntil<T>(ask: () => Promise<T | undefined>, options: WaitOptions): Promise<T> {
  return new Wait(ask, options).answer;
}

class Wait<T> {
  readonly answer: Promise<T>;
  #resolve: (answer: T) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;
  #isAsking = false;
  #isDirty = false;
  #cancelStall = (): void => undefined;
  readonly #unsubscribe: () => void;
  readonly #abort = (): void => this.#fail(interrupted());

  constructor(
    private readonly ask: () => Promise<T | undefined>,
    private readonly options: WaitOptions,
  ) {
    this.answer = new Promise((resolve, reject) => ([this.#resolve, this.#reject] = [resolve, reject]));
    this.#unsubscribe = options.service.onEvent((event) => {
      this.#watchStall();
      if (options.isTelling(event)) this.#askNow();
    });
    options.signal.addEventListener("abort", this.#abort);
    this.#watchStall();
    if (options.signal.aborted) this.#abort();
    else this.#askNow();
  }

  #askNow(): void {
    this.#isDirty = true;
    if (!this.#isAsking) this.#askUntilClean().catch((error: unknown) => this.#fail(error));
  }

  async #askUntilClean(): Promise<void> {
    this.#isAsking = true;
    while (this.#isDirty) {
      this.#isDirty = false;
      const answer = await this.ask();
      if (answer === undefined) continue;
      this.#stop();
      return this.#resolve(answer);
    }
    this.#isAsking = false;
  }

  #watchStall(): void {
    const { clock, stallMs } = this.options;
    this.#cancelStall();
    this.#cancelStall = clock.after(stallMs, () => {
      void stalled(this.options).then((error) => this.#fail(error));
    });
  }

  #fail(error: unknown): void {
    this.#stop();
    this.#reject(error);
  }

  #stop(): void {
    this.#cancelStall();
    this.#unsubscribe();
    this.options.signal.removeEventListener("abort", this.#abort);
  }
}

export function interrupted(): FedgeError {
  return new FedgeError("CLOSED", "interrupted.");
}

async function stalled(options: WaitOptions): Promise<FedgeError> {
  const seconds = Math.round(options.stallMs / 1000);
  const more = await options.describe().catch((error: unknown) => String(error));
  return new FedgeError(
    "DEADLINE_EXCEEDED",
    `waited for ${options.what}, but nothing happened for ${seconds} s: ${more}.`,
  );
}
