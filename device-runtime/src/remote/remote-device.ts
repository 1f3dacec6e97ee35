import { FedgeError } from "@fedge/protocol";
import { DeviceEvents, type DeviceEventMap } from "../core/device-events.js";
import type { Device, DeviceModel, DeviceStatus, FeatureLogView } from "../core/device-interface.js";
import { logView } from "../core/feature-log/export-log.js";
import type { LogField } from "../core/feature-log/log-row.js";
import type { Consent } from "../core/ports/application.js";
import type { Clock } from "../core/ports/clock.js";
import type { TensorLike } from "../core/serving/tensor-types.js";
import { createSystemClock } from "../clock/system-clock.js";
import { AskedConsents } from "./asked-consents.js";
import { heardDetail } from "./device-news.js";
import { DeviceLink } from "./device-link.js";
import type { DeviceHello, DeviceNews } from "./device-request.js";
import type { Line } from "./line.js";
import { remoteModel } from "./remote-model.js";
import { checkQuery, checkSelection } from "../core/feature-log/check-selection.js";

export interface RemoteDeviceParts {
  readonly hello: DeviceHello;
  /** A new line to where the device lives; asked for again when one has ended. Throws when there will be none. */
  readonly connect: () => Promise<Line>;
  /** The platform's own by default. */
  readonly clock?: Clock;
}

/**
 * A device that lives elsewhere, as if it were here. Resolves when it has said how it is. Throws what opening it
 * throws, OPTION_INVALID for a device that is not served there, and DEADLINE_EXCEEDED.
 */
export async function connectDevice(parts: RemoteDeviceParts): Promise<Device> {
  const device = new RemoteDevice(parts);
  await device.start();
  return device;
}

class RemoteDevice implements Device {
  readonly #events = new DeviceEvents();
  readonly #link: DeviceLink;
  readonly #asked = new AskedConsents();
  #status: DeviceStatus | null = null;
  #closing: Promise<void> | null = null;
  #isForgetting = false;

  constructor(private readonly parts: RemoteDeviceParts) {
    this.#link = new DeviceLink({
      hello: parts.hello,
      connect: parts.connect,
      clock: parts.clock ?? createSystemClock(),
      onNews: (news) => this.#hear(news),
    });
  }

  start(): Promise<void> {
    return this.#link.start();
  }

  model(name: string): DeviceModel {
    return remoteModel(name, {
      models: this.parts.hello.models,
      predict: (inputs) => this.#link.ask({ kind: "predict", model: name, inputs }),
      version: () => this.status().versions[name] ?? null,
    });
  }

  log(id: string, fields: Readonly<Record<string, LogField>>): Promise<void> {
    return this.#link.ask({ kind: "log", id, fields });
  }

  label(id: string, truth: TensorLike): Promise<void> {
    return this.#link.ask({ kind: "label", id, truth });
  }

  readonly featureLog: FeatureLogView = logView({
    // What is wrong is told here, in the same words as where the device lives; at once, as what is asked later may not come first.
    query: async (query = {}) => {
      checkQuery(query);
      return this.#link.ask({ kind: "query", query: { ...query } });
    },
    erase: async (selection = {}) => {
      checkSelection(selection);
      return this.#link.ask({ kind: "erase", selection: { ...selection } });
    },
    status: () => this.status().log,
    onChange: (listener) => this.on("log", listener),
  });

  on<K extends keyof DeviceEventMap>(event: K, listener: (detail: DeviceEventMap[K]) => void): () => void {
    return this.#events.on(event, listener);
  }

  status(): DeviceStatus {
    if (this.#status === null) throw new FedgeError("CLOSED", "the device has not said how it is");
    return { ...this.#status, consent: this.#asked.over(this.#status.consent) };
  }

  setConsent(consent: Partial<Consent>): void {
    this.#asked
      .during(consent, () => this.#link.ask({ kind: "consent", consent }))
      .catch((error: unknown) => this.#events.emit("error", error));
  }

  async forget(): Promise<{ readonly isServerTold: boolean }> {
    this.#isForgetting = true;
    try {
      return await this.#link.ask({ kind: "forget" });
    } finally {
      await this.close();
    }
  }

  /** Ends the line; the device itself goes on where it lives. */
  close(): Promise<void> {
    return (this.#closing ??= Promise.resolve(this.#link.close()));
  }

  #hear(news: DeviceNews): void {
    if (news.type === "state") {
      this.#status = news.status;
      return;
    }
    this.#events.emit(news.name, heardDetail(news.name, news.detail) as never);
    // Whoever asked for it waits for the answer first.
    if (news.name === "forgotten" && !this.#isForgetting) void this.close();
  }
}
