import { FedgeError, toWireError } from "@fedge/protocol";
import type { DeviceEvents } from "../../core/device-events.js";
import type { Device } from "../../core/device-interface.js";
import { carryOut } from "../../remote/carry-out.js";
import { DEVICE_EVENTS, tellNews } from "../../remote/device-news.js";
import type { DeviceAnswer, DeviceNews } from "../../remote/device-request.js";
import type { TabHello, TabLine, TabRequest } from "./tab-messages.js";

/** Where the tab that leads answers the others, and tells them what happens. */
export class LeaderDesk {
  readonly #stops: readonly (() => void)[];
  readonly #answering = new Set<Promise<void>>();
  #isClosed = false;

  constructor(
    private readonly of: {
      readonly device: Device;
      readonly tab: string;
      /** Where the device belongs. */
      readonly server: string;
      readonly line: TabLine;
      readonly events: DeviceEvents;
    },
  ) {
    const { device, events } = of;
    // What happens here keeps its cause; what is told elsewhere cannot.
    this.#stops = [
      ...DEVICE_EVENTS.map((name) => device.on(name, (detail) => events.emit(name, detail as never))),
      tellNews(device, (news) => this.#tell(news)),
    ];
    this.tellState();
  }

  tellState(): void {
    this.#tell({ type: "state", status: this.of.device.status() });
  }

  answer(from: string, id: number, request: TabRequest): void {
    const answering = this.#answer(from, id, request).finally(() => this.#answering.delete(answering));
    this.#answering.add(answering);
  }

  /** Resolves when nobody waits for an answer any more. */
  async settle(): Promise<void> {
    await Promise.all(this.#answering);
  }

  async #answer(from: string, id: number, request: TabRequest): Promise<void> {
    const answer = await answerTo(this.of.device, request, this.of.server);
    // Whatever failed because this tab closes is asked of the next one that leads.
    if (this.#isClosed && "error" in answer) return;
    // The state first: whoever asks for it has it when the answer comes.
    if (request.kind !== "predict" && request.kind !== "forget") this.tellState();
    this.of.line.postMessage({ type: "answer", to: from, id, answer });
  }

  #tell(news: DeviceNews): void {
    this.of.line.postMessage({ ...news, leader: this.of.tab });
  }

  close(): void {
    this.#isClosed = true;
    for (const stop of this.#stops) stop();
  }
}

/** What the device of the server gives to another tab's request. A hello is answered when the same device is meant. */
export async function answerTo(device: Device, request: TabRequest, server: string): Promise<DeviceAnswer> {
  if (request.kind !== "hello") return carryOut(device, request);
  const why = whyOther(Object.keys(device.status().versions), server, request);
  return why === null ? { result: null } : { error: toWireError(new FedgeError("OPTION_INVALID", why)) };
}

function whyOther(models: readonly string[], server: string, hello: TabHello): string | null {
  const missing = hello.models.filter((model) => !models.includes(model));
  if (hello.server !== server)
    return `another page's device has server ${server}; name the same, or give another databaseName`;
  return missing.length === 0
    ? null
    : `another page's device has no ${missing.join(", ")}; list all models in every page, or give another databaseName`;
}
