import { FedgeError, fromWireError, toWireError } from "@fedge/protocol";
import { deviceClosed } from "../../core/device-closed.js";
import type { Clock } from "../../core/ports/clock.js";
import type { DeviceAnswer } from "../../remote/device-request.js";
import type { TabRequest } from "./tab-messages.js";

/** Longer than a tab takes to notice that the one that led is gone, and to load its models. */
const ANSWER_MS = 60_000;

interface Waiting {
  readonly request: TabRequest;
  readonly settle: (answer: DeviceAnswer) => void;
  readonly fail: (error: FedgeError) => void;
}

/**
 * What a tab has asked the one that leads and has no answer to. Asked again when another one leads: a prediction can
 * be made twice, and consent given, a label said or a row erased twice.
 */
export class Requests {
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #isClosed = false;

  constructor(
    private readonly clock: Clock,
    private readonly send: (id: number, request: TabRequest) => void,
  ) {}

  /** The answer. Throws what the leader answers with, DEADLINE_EXCEEDED when none leads, CLOSED. */
  async ask<T>(request: TabRequest): Promise<T> {
    if (this.#isClosed) throw deviceClosed();
    const id = (this.#lastId += 1);
    let cancel = (): void => undefined;
    const answered = new Promise<DeviceAnswer>((settle, fail) => {
      this.#waiting.set(id, { request, settle, fail });
      cancel = this.clock.after(ANSWER_MS, () =>
        fail(new FedgeError("DEADLINE_EXCEEDED", `no tab of this device has answered in ${ANSWER_MS} ms`)),
      );
    });
    this.send(id, request);
    try {
      const answer = await answered;
      if ("error" in answer) throw fromWireError(answer.error);
      return answer.result as T;
    } finally {
      cancel();
      this.#waiting.delete(id);
    }
  }

  answered(id: number, answer: DeviceAnswer): void {
    this.#waiting.get(id)?.settle(answer);
  }

  askAgain(): void {
    for (const [id, { request }] of this.#waiting) this.send(id, request);
  }

  /** What is asked is answered here from now on. */
  takeOver(answer: (request: TabRequest) => Promise<DeviceAnswer>): void {
    for (const { request, settle, fail } of this.#waiting.values()) {
      answer(request).then(settle, (error: unknown) => fail(error as FedgeError));
    }
  }

  /** Whoever waits is told why nobody will answer. */
  fail(reason: unknown): void {
    const error = reason instanceof FedgeError ? reason : fromWireError(toWireError(reason));
    for (const { fail } of this.#waiting.values()) fail(error);
  }

  close(): void {
    this.#isClosed = true;
    this.fail(deviceClosed());
  }
}
