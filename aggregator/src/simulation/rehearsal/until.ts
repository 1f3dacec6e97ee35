import { setTimeout as sleep } from "node:timers/promises";
import { FedgeError } from "@fedge/protocol";
import { interrupted } from "../waiting.js";

export interface Until {
  /** What is waited for, for the message: "the rollout to end". */
  readonly what: string;
  readonly withinMs: number;
  readonly signal: AbortSignal;
  /** Says more when it does not come. */
  readonly describe?: () => string;
}

const STEP_MS = 50;

/** Asks until the answer is not undefined. Throws DEADLINE_EXCEEDED when it takes too long, CLOSED when the signal aborts. */
export async function until<T>(
  ask: () => T | undefined | Promise<T | undefined>,
  { what, withinMs, signal, describe }: Until,
): Promise<T> {
  const deadlineMs = performance.now() + withinMs;
  for (;;) {
    if (signal.aborted) throw interrupted();
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() >= deadlineMs) {
      const more = describe === undefined ? "" : `: ${describe()}`;
      throw new FedgeError("DEADLINE_EXCEEDED", `waited ${withinMs / 1000} s for ${what}${more}`);
    }
    await sleep(STEP_MS);
  }
}
