import { FedgeError, toWireError } from "@fedge/protocol";
import { expose } from "comlink";
import type { Device, DeviceStatus } from "../core/device-interface.js";
import { carryOut } from "./carry-out.js";
import { checkHello, checkRequest } from "./check-request.js";
import { tellNews } from "./device-news.js";
import type { DeviceAnswer, DeviceHello, DeviceNews, RemoteDeviceApi } from "./device-request.js";
import { guardedEndpoint } from "./guarded-endpoint.js";
import type { Line } from "./line.js";

export interface ServingParts {
  /** The device that is meant, opened when it is not. Throws OPTION_INVALID for another, and what opening it throws. */
  readonly deviceFor: (hello: DeviceHello) => Promise<Device>;
  /** Told every message that was no request. */
  readonly onRefused: (error: FedgeError) => void;
}

/**
 * Serves a device to whoever is at the other end of the line, who is trusted with nothing but its requests, until one
 * end closes. News go beside the answers.
 */
export function serveLine(line: Line, parts: ServingParts): void {
  const served = new ServedLine(line, parts);
  line.onClose(() => served.stop());
  expose(served.api, guardedEndpoint(line, parts.onRefused));
}

class ServedLine {
  #device: Device | null = null;
  #stopNews: () => void = () => undefined;

  constructor(
    private readonly line: Line,
    private readonly parts: ServingParts,
  ) {}

  readonly api: RemoteDeviceApi = {
    hello: (hello) => answering(() => this.#hello(hello)),
    ask: (request) => this.#ask(request),
  };

  stop(): void {
    this.#stopNews();
  }

  async #hello(given: unknown): Promise<DeviceStatus> {
    const hello = checkHello(given);
    const device = await this.parts.deviceFor(hello);
    if (Object.keys(hello.consent).length > 0) device.setConsent(hello.consent);
    this.#device = device;
    this.#stopNews();
    this.#stopNews = tellNews(device, (news) => this.#tell(news));
    return device.status();
  }

  async #ask(given: unknown): Promise<DeviceAnswer> {
    const device = this.#device;
    if (device === null) return { error: toWireError(new FedgeError("CLOSED", "say hello first")) };
    const request = await answering(async () => checkRequest(given));
    if ("error" in request) return request;
    const answer = await carryOut(device, request.result);
    // The state first: whoever asks for it has it when the answer comes.
    if (request.result.kind !== "predict" && request.result.kind !== "forget")
      this.#tell({ type: "state", status: device.status() });
    return answer;
  }

  #tell(news: DeviceNews): void {
    this.line.postMessage({ news });
  }
}

/** What the work gives, or throws, as an answer. */
async function answering<T>(work: () => Promise<T>): Promise<DeviceAnswer<T>> {
  try {
    return { result: await work() };
  } catch (error) {
    return { error: toWireError(error) };
  }
}
