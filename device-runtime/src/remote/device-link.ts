import { FedgeError, fromWireError } from "@fedge/protocol";
import { wrap, type Remote } from "comlink";
import { deviceClosed } from "../core/device-closed.js";
import type { DeviceStatus } from "../core/device-interface.js";
import type { Clock } from "../core/ports/clock.js";
import { Life } from "../mqtt/life.js";
import type {
  DeviceAnswer,
  DeviceHello,
  DeviceNews,
  DeviceRequest,
  RemoteDeviceApi,
} from "./device-request.js";
import { dataOf, type Line } from "./line.js";

/** Longer than a process takes to start again and to load its models. */
const ANSWER_MS = 60_000;

export interface DeviceLinkParts {
  readonly hello: DeviceHello;
  /** A new line to where the device lives. Throws when there is none, and will be none. */
  readonly connect: () => Promise<Line>;
  readonly clock: Clock;
  /** Told everything that the device says. */
  readonly onNews: (news: DeviceNews) => void;
}

interface Connected {
  readonly line: Line;
  readonly api: Remote<RemoteDeviceApi>;
  readonly life: Life;
}

/**
 * A line to where the device lives, and another one when that has ended. What was asked and not answered is asked once
 * more: a prediction can be made twice, and consent given, a label said or a row erased twice.
 */
export class DeviceLink {
  #connecting: Promise<Connected> | null = null;
  #isClosed = false;
  /** What the app says of consent is said once: another line must not take back what was said since. */
  #hello: DeviceHello;
  #endNow: (reason: FedgeError) => void = () => undefined;

  constructor(private readonly parts: DeviceLinkParts) {
    this.#hello = parts.hello;
  }

  /** How the device is. Throws what opening it throws, and DEADLINE_EXCEEDED. */
  async start(): Promise<void> {
    await this.#withDeadline(() => this.#connected());
  }

  /** The answer's result. Throws what the device throws, DEADLINE_EXCEEDED and CLOSED. */
  async ask<T>(request: DeviceRequest): Promise<T> {
    if (this.#isClosed) throw deviceClosed();
    return this.#withDeadline(async () => {
      const first = await this.#connected();
      const answer = await this.#answerOf(first, request).catch(async (error: unknown) => {
        if (this.#isClosed) throw deviceClosed();
        if (!first.life.isOver) throw error;
        return this.#answerOf(await this.#connected(), request);
      });
      return resultOf(answer) as T;
    });
  }

  /** What is asked is answered with CLOSED. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#endNow(deviceClosed());
  }

  #answerOf({ api, life }: Connected, request: DeviceRequest): Promise<DeviceAnswer> {
    return life.guard(api.ask(request) as Promise<DeviceAnswer>);
  }

  /** One line for all; a failure is the next call's to try again. */
  #connected(): Promise<Connected> {
    if (this.#connecting !== null) return this.#connecting;
    const connecting = this.#connect();
    this.#connecting = connecting;
    connecting.catch(() => {
      if (this.#connecting === connecting) this.#connecting = null;
    });
    return connecting;
  }

  async #connect(): Promise<Connected> {
    const line = await this.parts.connect();
    if (this.#isClosed) {
      line.close();
      throw deviceClosed();
    }
    const connected = { line, api: wrap<RemoteDeviceApi>(line), life: new Life() };
    line.addEventListener("message", (event: Event) => this.#hear(dataOf(event)));
    const end = (reason: FedgeError): void => {
      this.#connecting = null;
      connected.life.end(reason);
      line.close();
    };
    line.onClose(() => {
      end(new FedgeError("TRANSPORT_FAILED", "the process of the device has ended"));
      // Whoever only listens should hear the next one too.
      if (!this.#isClosed) this.#connected().catch((error: unknown) => this.#lost(error));
    });
    this.#endNow = end;
    try {
      const hello = connected.api.hello(this.#hello) as Promise<DeviceAnswer<DeviceStatus>>;
      const status = resultOf(await connected.life.guard(hello));
      this.#hello = { ...this.#hello, consent: {} };
      this.parts.onNews({ type: "state", status });
      return connected;
    } catch (error) {
      if (!connected.life.isOver) end(new FedgeError("CLOSED", "the device did not open"));
      throw error;
    }
  }

  #lost(error: unknown): void {
    if (this.#isClosed) return;
    const { message } = error as Error;
    const detail = { code: "TRANSPORT_FAILED", message: `the device is gone: ${message}`, details: {} };
    this.parts.onNews({ type: "event", name: "error", detail });
  }

  #hear(data: unknown): void {
    if (typeof data === "object" && data !== null && "news" in data)
      this.parts.onNews(data.news as DeviceNews);
  }

  async #withDeadline<T>(work: () => Promise<T>): Promise<T> {
    const life = new Life();
    const cancel = this.parts.clock.after(ANSWER_MS, () =>
      life.end(new FedgeError("DEADLINE_EXCEEDED", `the device has not answered in ${ANSWER_MS} ms`)),
    );
    try {
      return await life.guard(work());
    } finally {
      cancel();
    }
  }
}

function resultOf<T>(answer: DeviceAnswer<T>): T {
  if ("error" in answer) throw fromWireError(answer.error);
  return answer.result;
}
