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
  return new Promise((resolve, reject) => {
    let isAsking = false;
    let isDirty = false;
    let cancelStall = (): void => undefined;
    const finish = (settle: () => void): void => {
      cancelStall();
      unsubscribe();
      options.signal.removeEventListener("abort", abort);
      settle();
    };
    const look = async (): Promise<void> => {
      isDirty = true;
      if (isAsking) return;
      isAsking = true;
      while (isDirty) {
        isDirty = false;
        const answer = await ask();
        if (answer !== undefined) return finish(() => resolve(answer));
      }
      isAsking = false;
    };
    const watchStall = (): void => {
      cancelStall();
      cancelStall = options.clock.after(options.stallMs, () => {
        void stalled(options).then((error) => finish(() => reject(error)));
      });
    };
    const askNow = (): void => {
      look().catch((error: unknown) => finish(() => reject(error)));
    };
    const abort = (): void => finish(() => reject(interrupted()));
    const unsubscribe = options.service.onEvent((event) => {
      watchStall();
      if (options.isTelling(event)) askNow();
    });
    options.signal.addEventListener("abort", abort);
    if (options.signal.aborted) abort();
    else {
      watchStall();
      askNow();
    }
  });
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
