import { fromWireError, toWireError } from "@fedge/protocol";
import type { DeviceEvents } from "../../core/device-events.js";
import type { Device } from "../../core/device-interface.js";
import { carryOut } from "./carry-out.js";
import type { DeviceEventName, TabLine, TabRequest } from "./tab-messages.js";

const EVENTS: readonly DeviceEventName[] = [
  "version",
  "state",
  "round",
  "log",
  "conditions",
  "forgotten",
  "error",
];

/** Where the tab that leads answers the others, and tells them what happens. */
export class LeaderDesk {
  readonly #stops: readonly (() => void)[];
  readonly #answering = new Set<Promise<void>>();

  constructor(
    private readonly of: {
      readonly device: Device;
      readonly tab: string;
      readonly line: TabLine;
      readonly events: DeviceEvents;
    },
  ) {
    const { device, events } = of;
    this.#stops = EVENTS.map((name) =>
      device.on(name, (detail: unknown) => {
        events.emit(name, detail as never);
        const told = name === "error" ? toWireError(detail) : detail;
        of.line.postMessage({ type: "event", leader: of.tab, name, detail: told });
        this.tellState();
      }),
    );
    this.tellState();
  }

  tellState(): void {
    const { device, tab, line } = this.of;
    line.postMessage({ type: "state", leader: tab, status: device.status() });
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
    const answer = await carryOut(this.of.device, request);
    // The state first: whoever asks for it has it when the answer comes.
    if (request.kind !== "predict" && request.kind !== "forget") this.tellState();
    this.of.line.postMessage({ type: "answer", to: from, id, answer });
  }

  close(): void {
    for (const stop of this.#stops) stop();
  }
}

/** An event that another tab told, as this tab's listeners get it. */
export function heardDetail(name: DeviceEventName, detail: unknown): unknown {
  return name === "error" ? fromWireError(detail as Parameters<typeof fromWireError>[0]) : detail;
}
