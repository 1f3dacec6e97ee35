import { fromWireError, toWireError } from "@fedge/protocol";
import type { DeviceEvents } from "../../core/device-events.js";
import type { Device } from "../../core/device.js";
import type { DeviceEventName, TabAnswer, TabLine, TabRequest } from "./tab-messages.js";

const EVENTS: readonly DeviceEventName[] = ["version", "state", "round", "error"];

/** Where the tab that leads answers the others, and tells them what happens. */
export class LeaderDesk {
  readonly #stops: readonly (() => void)[];

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

  async answer(from: string, id: number, request: TabRequest): Promise<void> {
    const answer = await this.#carryOut(request);
    this.of.line.postMessage({ type: "answer", to: from, id, answer });
  }

  close(): void {
    for (const stop of this.#stops) stop();
  }

  async #carryOut(request: TabRequest): Promise<TabAnswer> {
    const { device } = this.of;
    try {
      if (request.kind === "predict")
        return { result: await device.model(request.model).predict(request.inputs) };
      if (request.kind === "consent") device.setConsent(request.consent);
      this.tellState();
      return { result: null };
    } catch (error) {
      return { error: toWireError(error) };
    }
  }
}

/** An event that another tab told, as this tab's listeners get it. */
export function heardDetail(name: DeviceEventName, detail: unknown): unknown {
  return name === "error" ? fromWireError(detail as Parameters<typeof fromWireError>[0]) : detail;
}
