import { errorCodeOf } from "@fedge/protocol";
import type { Device, LogOptions } from "@fedge/device-runtime";
import { readBaseline, type NodeDeviceOptions, type createDevice } from "@fedge/device-runtime/node";
import { serveLine, tellNews, type Line } from "@fedge/device-runtime/remote";
import { readToDeviceProcess, type HostedDevice as Description } from "../messages/process-messages.js";
import { HostedDevice } from "./hosted-device.js";
import type { Parent } from "./parent.js";
import { readTrustedRoot } from "./trusted-root.js";
import { ToldConditions } from "./told-conditions.js";

export interface DeviceProcessParts {
  readonly parent: Parent;
  readonly createDevice: typeof createDevice;
  /** Ends this process. */
  readonly exit: () => void;
}

/**
 * Hosts one device: opens it as soon as the parent says which, so that it serves and learns without a page, and serves
 * it on every line that the parent hands over.
 */
export function runDeviceProcess(parts: DeviceProcessParts): void {
  const process = new DeviceProcess(parts);
  parts.parent.onMessage((message, line) => process.hear(message, line));
  parts.parent.onEnded(() => process.stop());
}

class DeviceProcess {
  readonly #conditions = new ToldConditions();
  #hosted: HostedDevice | null = null;
  #isStopping = false;

  constructor(private readonly parts: DeviceProcessParts) {}

  hear(given: unknown, line: Line | null): void {
    const message = readToDeviceProcess(given);
    switch (message?.type) {
      case "start":
        this.#conditions.tell(message.reasons);
        return this.#start(message.device);
      case "conditions":
        return this.#conditions.tell(message.reasons);
      case "connect":
        return line === null ? this.#refuse("a connect came without a port") : this.#serve(line);
      case "stop":
        return this.stop();
      case undefined:
        return this.#refuse("a message of no known kind came from the main process");
    }
  }

  stop(): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    const { parent, exit } = this.parts;
    const closing = this.#hosted?.close() ?? Promise.resolve();
    closing
      .catch((error: unknown) => this.#failed(error))
      .finally(() => {
        parent.post({ type: "stopped" });
        exit();
      });
  }

  #start(description: Description): void {
    if (this.#hosted !== null) return this.#refuse("a second start came");
    this.#hosted = new HostedDevice({
      description,
      open: () => this.#open(description),
      onOpened: (device) => this.#show(device),
    });
    this.#hosted.device().catch(() => undefined);
  }

  async #open(description: Description): Promise<Device> {
    try {
      const { trustedRootFile } = description;
      const trust =
        trustedRootFile === undefined ? {} : { trustedRoot: await readTrustedRoot(trustedRootFile) };
      return await this.parts.createDevice({
        ...{ ...given(description), ...trust, conditions: this.#conditions },
      });
    } catch (error) {
      this.#failed(error);
      throw error;
    }
  }

  #serve(line: Line): void {
    const hosted = this.#hosted;
    if (hosted === null) return this.#refuse("a connect came before the start");
    serveLine(line, {
      deviceFor: async (hello) => hosted.deviceFor(hello),
      onRefused: ({ message }) => this.#refuse(message),
    });
  }

  /** Tells the main process how the device is, for its tray. */
  #show(device: Device): void {
    const tell = (): void => {
      const { isOnline, versions, waitingFor, round, problems } = device.status();
      this.parts.parent.post({
        type: "summary",
        summary: {
          ...{ isOnline, versions, phase: round.phase },
          waitingFor: [...waitingFor],
          problems: problems.map(({ message }) => message),
        },
      });
    };
    tellNews(device, ({ type }) => (type === "state" ? tell() : undefined));
    tell();
  }

  #failed(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.parts.parent.post({ type: "failed", code: errorCodeOf(error), message });
  }

  #refuse(message: string): void {
    this.parts.parent.post({ type: "refused", message });
  }
}

/** Without the options that were not given. */
function given({
  featureLog,
  enrolmentKey,
  attributes,
  baselineDirectories,
  population,
  trustedRootFile: _read,
  ...always
}: Description): NodeDeviceOptions {
  const directories = Object.entries(baselineDirectories ?? {});
  const baseline = directories.map(([model, directory]) => [model, () => readBaseline(directory)] as const);
  return {
    ...always,
    ...(attributes === undefined ? {} : { attributes }),
    ...(population === undefined ? {} : { population }),
    ...(baseline.length === 0 ? {} : { baseline: Object.fromEntries(baseline) }),
    ...(enrolmentKey === undefined ? {} : { enrolmentKey }),
    ...(featureLog === undefined ? {} : { featureLog: featureLog as LogOptions | false }),
  };
}
