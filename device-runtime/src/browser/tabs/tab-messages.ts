import type { DeviceStatus } from "../../core/device-interface.js";
import type { DeviceAnswer, DeviceEventName, DeviceRequest } from "../../remote/device-request.js";

/** The first thing that a tab asks: whether the one that leads has the device that is meant. */
export interface TabHello {
  readonly kind: "hello";
  readonly server: string;
  readonly models: readonly string[];
}

/** What a tab asks the one that leads. */
export type TabRequest = DeviceRequest | TabHello;

/** What tabs of one device say to each other; every tab hears everything. */
export type TabMessage =
  | { readonly type: "request"; readonly from: string; readonly id: number; readonly request: TabRequest }
  | { readonly type: "answer"; readonly to: string; readonly id: number; readonly answer: DeviceAnswer }
  /** Sent by the one that leads: when it begins to, on every change, and to whoever says hello. */
  | { readonly type: "state"; readonly leader: string; readonly status: DeviceStatus }
  /** Sent by one that does not lead: its person types or points there. */
  | { readonly type: "used"; readonly from: string }
  | {
      readonly type: "event";
      readonly leader: string;
      readonly name: DeviceEventName;
      readonly detail: unknown;
    };

/** A line that every tab of the device hears but the one that speaks. */
export interface TabLine {
  postMessage(message: TabMessage): void;
  /** Told every message from now on; one listener only. */
  listen(listener: (message: TabMessage) => void): void;
  close(): void;
}

/** The line by which a browser's tabs of one origin talk; null where it has none, or refuses it. */
export function openTabLine(name: string): TabLine | null {
  const channel = openedChannel(name);
  if (channel === null) return null;
  return {
    postMessage: (message) => channel.postMessage(message),
    listen: (listener) => {
      channel.onmessage = ({ data }: MessageEvent<TabMessage>): void => listener(data);
    },
    close: () => channel.close(),
  };
}

/** Nobody hears, and nobody speaks: the line of a tab that is alone. */
export const SILENT_LINE: TabLine = {
  postMessage: () => undefined,
  listen: () => undefined,
  close: () => undefined,
};

function openedChannel(name: string): BroadcastChannel | null {
  try {
    return new BroadcastChannel(name);
  } catch {
    // Missing, or refused with the site's data: tabs that cannot talk are alone, and work so.
    return null;
  }
}
