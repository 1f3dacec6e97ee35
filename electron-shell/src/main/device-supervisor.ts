import type { Clock } from "@fedge/device-runtime";
import { ENDED, GONE, PORT } from "../messages/channels.js";
import {
  readFromDeviceProcess,
  type DeviceSummary,
  type HostedDevice,
  type ToDeviceProcess,
} from "../messages/process-messages.js";
import type { ElectronApi, FrameApi, MainPort, UtilityProcessApi } from "./electron-api.js";
import { restartDelayMs } from "./restart-policy.js";

/** How long the process may take to say goodbye and to write what it has. */
const STOP_MS = 5000;

/** Where the device's process stands. */
export type ProcessState =
  | { readonly phase: "starting" }
  /** `summary` is null until the device has opened; `failure` says why it did not. */
  | { readonly phase: "running"; readonly summary: DeviceSummary | null; readonly failure: string | null }
  | { readonly phase: "gone"; readonly message: string }
  | { readonly phase: "stopped" };

export interface SupervisorParts {
  readonly electron: Pick<ElectronApi, "utilityProcess" | "MessageChannelMain">;
  readonly clock: Clock;
  /** The device process's module. */
  readonly modulePath: string;
  readonly device: HostedDevice;
  /** What keeps the device from training now. */
  readonly reasons: () => readonly string[];
  readonly onState: (state: ProcessState) => void;
  readonly onRefused: (message: string) => void;
}

/** Starts the device's process, starts it again when it dies, and gives pages their lines to it. */
export class DeviceSupervisor {
  #process: UtilityProcessApi | null = null;
  #state: ProcessState = { phase: "starting" };
  #deathsAtMs: number[] = [];
  #cancelRestart: () => void = () => undefined;
  #stopping: { readonly stopped: Promise<void>; readonly finish: () => void } | null = null;
  /** Frames that have a line, and those that wait for one. */
  readonly #connected = new Set<FrameApi>();
  readonly #waiting = new Set<FrameApi>();

  constructor(private readonly parts: SupervisorParts) {}

  get state(): ProcessState {
    return this.#state;
  }

  /** Starts the process, also after it was given up. */
  start(): void {
    if (this.#process !== null || this.#stopping !== null) return;
    this.#cancelRestart();
    const { electron, modulePath, device, reasons } = this.parts;
    const process = electron.utilityProcess.fork(modulePath, [], { serviceName: "Fedge device" });
    this.#process = process;
    process.on("message", (message) => this.#hear(process, message));
    process.on("exit", (code) => this.#ended(process, code));
    this.#send({ type: "start", device, reasons: [...reasons()] });
    this.#become({ phase: "running", summary: null, failure: null });
    for (const frame of this.#waiting) this.#giveLine(frame);
    this.#waiting.clear();
  }

  /** Starts anew after it was given up, as if nothing had happened. */
  startAgain(): void {
    this.#deathsAtMs = [];
    this.start();
  }

  /** Gives the frame a line to the device: now, or when the process has started again. */
  connect(frame: FrameApi): void {
    if (this.#state.phase === "gone") return tellFrame(frame, GONE, this.#state.message);
    if (this.#state.phase === "stopped") return tellFrame(frame, GONE, "the app is quitting");
    if (this.#process === null) this.#waiting.add(frame);
    else this.#giveLine(frame);
  }

  conditionsChanged(): void {
    this.#send({ type: "conditions", reasons: [...this.parts.reasons()] });
  }

  /** Resolves when the process has ended; after five seconds it is killed. */
  stop(): Promise<void> {
    if (this.#stopping !== null) return this.#stopping.stopped;
    this.#cancelRestart();
    let finish: () => void = () => undefined;
    const stopped = new Promise<void>((resolve) => (finish = resolve));
    this.#stopping = { stopped, finish };
    const process = this.#process;
    if (process === null) this.#finishStop();
    else {
      this.#send({ type: "stop" });
      this.#cancelRestart = this.parts.clock.after(STOP_MS, () => {
        process.kill();
        this.#finishStop();
      });
    }
    return stopped;
  }

  #giveLine(frame: FrameApi): void {
    const { port1, port2 } = new this.parts.electron.MessageChannelMain();
    const connect: ToDeviceProcess = { type: "connect" };
    this.#process?.postMessage(connect, [port1]);
    tellFrame(frame, PORT, null, [port2]);
    this.#connected.add(frame);
  }

  #hear(process: UtilityProcessApi, given: unknown): void {
    if (process !== this.#process) return;
    const message = readFromDeviceProcess(given);
    switch (message?.type) {
      case "summary":
        return this.#become({ phase: "running", summary: message.summary, failure: null });
      case "failed":
        return this.#become({ phase: "running", summary: null, failure: message.message });
      case "refused":
        return this.parts.onRefused(message.message);
      case "stopped":
        return;
      case undefined:
        return this.parts.onRefused("a message of no known kind came from the device's process");
    }
  }

  #ended(process: UtilityProcessApi, code: number): void {
    if (process !== this.#process) return;
    this.#process = null;
    this.#tellEnded();
    if (this.#stopping !== null) return this.#finishStop();
    const nowMs = this.parts.clock.nowMs();
    this.#deathsAtMs.push(nowMs);
    const delayMs = restartDelayMs(this.#deathsAtMs, nowMs);
    if (delayMs === null) return this.#giveUp(code);
    this.#become({ phase: "starting" });
    this.#cancelRestart = this.parts.clock.after(delayMs, () => this.start());
  }

  #tellEnded(): void {
    for (const frame of this.#connected) tellFrame(frame, ENDED, null);
    this.#connected.clear();
  }

  #giveUp(code: number): void {
    const message = `the device's process has ended again and again, at last with code ${code}`;
    this.#become({ phase: "gone", message });
    for (const frame of this.#waiting) tellFrame(frame, GONE, message);
    this.#waiting.clear();
  }

  #finishStop(): void {
    this.#cancelRestart();
    this.#become({ phase: "stopped" });
    this.#stopping?.finish();
  }

  #become(state: ProcessState): void {
    this.#state = state;
    this.parts.onState(state);
  }

  #send(message: ToDeviceProcess): void {
    this.#process?.postMessage(message);
  }
}

/** A page may be gone by now, which is no reason to fail for the others: it asks again when it is back. */
function tellFrame(frame: FrameApi, channel: string, message: unknown, ports: MainPort[] = []): void {
  try {
    frame.postMessage(channel, message, ports);
  } catch (error) {
    for (const port of ports) port.close();
    if (!(error instanceof Error)) throw error;
  }
}
