import { FedgeError } from "@fedge/protocol";
import { DeviceEvents, type DeviceEventMap } from "../../core/device-events.js";
import type { Device, DeviceModel, DeviceStatus, FeatureLogView } from "../../core/device-interface.js";
import { logView } from "../../core/feature-log/export-log.js";
import { isPlainObject } from "../../core/feature-log/plain-object.js";
import type { LogField } from "../../core/feature-log/log-row.js";
import type { Consent } from "../../core/ports/application.js";
import type { Clock } from "../../core/ports/clock.js";
import type { TensorLike } from "../../core/serving/tensor-types.js";
import { AskedConsents } from "../../remote/asked-consents.js";
import { heardDetail } from "../../remote/device-news.js";
import { remoteModel } from "../../remote/remote-model.js";
import { LeaderDesk, answerTo } from "./leader-desk.js";
import type { Leadership } from "./leadership.js";
import { Requests } from "./requests.js";
import type { TabLine, TabMessage } from "./tab-messages.js";
import { unknownStatus } from "./unknown-status.js";

/** The tab that holds the connection and trains, or one that serves through it. */
export type TabRole = "leader" | "follower";

/** A device whose tabs are one: all of them answer, one of them works. */
export interface BrowserDevice extends Device {
  readonly role: TabRole;
}

export interface SharedDeviceParts {
  readonly server: string;
  readonly models: readonly string[];
  /** What the app says of consent at its start; whichever tab leads is told, and what is not given stays as it is. */
  readonly consent: Partial<Consent>;
  readonly clock: Clock;
  readonly leadership: Leadership;
  readonly line: TabLine;
  /** Names this tab among those of the device. */
  readonly tab: string;
  /** Opens the device itself; only the tab that leads does. The models are those of this tab, and those that the last one had. */
  readonly open: (consent: Partial<Consent>, models: readonly string[]) => Promise<Device>;
  /** Calls the listener while a person types or points in this tab; the returned function ends that. */
  readonly watchUse?: (used: () => void) => () => void;
  /** Another tab is in use; told to the one that leads. */
  readonly usedElsewhere?: () => void;
}

/** How long a tab waits that could not open the device, after its first attempt and at most. */
const FIRST_RETRY_MS = 1000;
const MAX_RETRY_MS = 16_000;

/**
 * Joins the device: leads it when no other tab does. Throws what `open` throws when this tab is to lead at once, and
 * OPTION_INVALID when the one that leads has another server, or not all of the models.
 */
export async function joinDevice(parts: SharedDeviceParts): Promise<BrowserDevice> {
  const device = new SharedDevice(parts);
  await device.start();
  return device;
}

class SharedDevice implements BrowserDevice {
  readonly #events = new DeviceEvents();
  readonly #requests: Requests;
  readonly #ending = new AbortController();
  #consent: Partial<Consent>;
  #leading: { readonly device: Device; readonly desk: LeaderDesk; readonly letGo: () => void } | null = null;
  #heard: { readonly leader: string; readonly status: DeviceStatus } | null = null;
  #closing: Promise<void> | null = null;
  /** On their way to the tab that leads. */
  readonly #asked = new AskedConsents();
  #isForgetting = false;
  #numFailures = 0;
  #cancelRetry: () => void = () => undefined;
  #stopWatching: () => void = () => undefined;

  constructor(private readonly parts: SharedDeviceParts) {
    this.#consent = parts.consent;
    const { line, tab } = parts;
    this.#requests = new Requests(parts.clock, (id, request) =>
      line.postMessage({ type: "request", from: tab, id, request }),
    );
  }

  async start(): Promise<void> {
    const { line, tab, watchUse } = this.parts;
    line.listen((message) => this.#hear(message));
    let settled: (error: unknown) => void = () => undefined;
    const opened = new Promise<unknown>((resolve) => (settled = resolve));
    const isLeader = await this.#askToLead(settled);
    try {
      if (!isLeader) await this.#follow();
      const error = isLeader ? await opened : null;
      if (error !== null) throw error;
    } catch (error) {
      // Nobody has this device: it must not lead later on, behind the app's back.
      await this.close();
      throw error;
    }
    this.#stopWatching = watchUse?.(() => this.#used(tab)) ?? this.#stopWatching;
  }

  /** What the app says of consent is this device's too, as soon as it is known to be this device. */
  async #follow(): Promise<void> {
    const { server, models, consent } = this.parts;
    await this.#asked.during(consent, async () => {
      await this.#requests.ask({ kind: "hello", server, models });
      if (Object.keys(consent).length > 0) await this.#tellConsent(consent);
    });
  }

  /** Wherever the device is by now. */
  async #tellConsent(consent: Partial<Consent>): Promise<void> {
    if (this.#leading === null) return this.#requests.ask({ kind: "consent", consent });
    this.#leading.device.setConsent(consent);
    this.#leading.desk.tellState();
  }

  #askToLead(settled: (error: unknown) => void): Promise<boolean> {
    return this.parts.leadership.request(() => this.#lead(settled), this.#ending.signal);
  }

  /** What the tab that leads sees of its own person needs no telling. */
  #used(tab: string): void {
    if (this.#leading === null) this.parts.line.postMessage({ type: "used", from: tab });
  }

  get role(): TabRole {
    return this.#leading === null ? "follower" : "leader";
  }

  model(name: string): DeviceModel {
    return remoteModel(name, {
      models: this.parts.models,
      predict: (inputs) =>
        this.#leading?.device.model(name).predict(inputs) ??
        this.#requests.ask({ kind: "predict", model: name, inputs }),
      version: () => this.status().versions[name] ?? null,
    });
  }

  log(id: string, fields: Readonly<Record<string, LogField>>): Promise<void> {
    return this.#leading?.device.log(id, fields) ?? this.#requests.ask({ kind: "log", id, fields });
  }

  label(id: string, truth: TensorLike): Promise<void> {
    return this.#leading?.device.label(id, truth) ?? this.#requests.ask({ kind: "label", id, truth });
  }

  readonly featureLog: FeatureLogView = logView({
    query: (query = {}) =>
      this.#leading?.device.featureLog.query(query) ?? this.#requests.ask({ kind: "query", query }),
    erase: async (selection = {}) => {
      const { device } = this.#leading ?? {};
      // A line loses what an object hides or inherits, and what is left may mean every row.
      if (!device && !isPlainObject(selection))
        throw new FedgeError("OPTION_INVALID", "select rows by a plain object, or none for all");
      return (
        device?.featureLog.erase(selection) ??
        this.#requests.ask({ kind: "erase", selection: { ...selection } })
      );
    },
    ...{ status: () => this.status().log, onChange: (listener) => this.on("log", listener) },
  });

  /** Whichever tab is told: the device is one, and is forgotten in all of them. */
  async forget(): Promise<{ readonly isServerTold: boolean }> {
    this.#isForgetting = true;
    try {
      return await (this.#leading?.device.forget() ?? this.#forgetByLeader());
    } finally {
      await this.close();
    }
  }

  /** Every tab hears that it is done before whoever asked has the answer, and the one that leads may close on it. */
  #forgetByLeader(): Promise<DeviceEventMap["forgotten"]> {
    const heard = new Promise<DeviceEventMap["forgotten"]>((resolve) => {
      const stop = this.#events.on("forgotten", (detail) => {
        stop();
        resolve(detail);
      });
    });
    return Promise.race([heard, this.#requests.ask<DeviceEventMap["forgotten"]>({ kind: "forget" })]);
  }

  on<K extends keyof DeviceEventMap>(event: K, listener: (detail: DeviceEventMap[K]) => void): () => void {
    return this.#events.on(event, listener);
  }

  status(): DeviceStatus {
    if (this.#leading !== null) return this.#leading.device.status();
    const heard = this.#heard?.status ?? unknownStatus(this.parts.models, this.#consent);
    return { ...heard, consent: this.#asked.over(heard.consent) };
  }

  setConsent(consent: Partial<Consent>): void {
    this.#consent = { ...this.#consent, ...consent };
    this.#asked
      .during(consent, () => this.#tellConsent(consent))
      .catch((error: unknown) => this.#events.emit("error", error));
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#ending.abort();
    this.#cancelRetry();
    this.#stopWatching();
    this.#requests.close();
    const leading = this.#leading;
    this.#leading = null;
    leading?.desk.close();
    try {
      await leading?.device.close();
      await leading?.desk.settle();
    } finally {
      leading?.letGo();
      this.parts.line.close();
    }
  }

  /** Holds the lead until the device closes, or cannot be opened. */
  async #lead(settled: (error: unknown) => void): Promise<void> {
    if (this.#closing !== null) return;
    try {
      const device = await this.parts.open(this.#consent, this.#models());
      if (this.#ending.signal.aborted) return await device.close();
      const held = new Promise<void>((letGo) => {
        const { tab, line, server } = this.parts;
        const desk = new LeaderDesk({ ...{ device, tab, line, server }, events: this.#events });
        this.#leading = { device, desk, letGo };
        // Another tab may have asked for it.
        device.on("forgotten", () => void this.close());
      });
      this.#numFailures = 0;
      this.#requests.takeOver((request) => answerTo(device, request, this.parts.server));
      settled(null);
      await held;
    } catch (error) {
      this.#cannotLead(error);
      settled(error);
    }
  }

  /** Whoever waits here hears the reason now. The lead is free for other tabs, and is asked for again a little later. */
  #cannotLead(error: unknown): void {
    if (this.#ending.signal.aborted) return;
    this.#requests.fail(error);
    this.#events.emit("error", error);
    this.#numFailures += 1;
    const waitMs = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** (this.#numFailures - 1));
    this.#cancelRetry = this.parts.clock.after(waitMs, () => {
      this.#askToLead(() => undefined).catch((reason: unknown) => this.#events.emit("error", reason));
    });
  }

  #hear(message: TabMessage): void {
    switch (message.type) {
      case "request":
        return void this.#leading?.desk.answer(message.from, message.id, message.request);
      case "answer":
        if (message.to === this.parts.tab) this.#requests.answered(message.id, message.answer);
        return;
      case "used":
        if (this.#leading !== null) this.parts.usedElsewhere?.();
        return;
      case "state":
        return this.#heardState(message.leader, message.status);
      case "event":
        this.#events.emit(message.name, heardDetail(message.name, message.detail) as never);
        // A tab that asked for it waits for the answer first.
        if (message.name === "forgotten" && !this.#isForgetting) void this.close();
        return;
    }
  }

  #heardState(leader: string, status: DeviceStatus): void {
    const isNew = this.#heard?.leader !== leader;
    this.#heard = { leader, status };
    // What another tab was told counts here too, but for what this one has just been told.
    this.#consent = this.#asked.over(status.consent);
    if (isNew) this.#requests.askAgain();
  }

  /** Other tabs go on with the models that the device had. */
  #models(): readonly string[] {
    return [...new Set([...this.parts.models, ...Object.keys(this.#heard?.status.versions ?? {})])];
  }
}
