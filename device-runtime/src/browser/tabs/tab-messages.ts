import type { DeviceEventMap } from "../../core/device-events.js";
import type { DeviceStatus } from "../../core/device-interface.js";
import type { Consent } from "../../core/ports/application.js";
import type { LogQuery, LogSelection } from "../../core/feature-log/log-selection.js";
import type { LogField } from "../../core/feature-log/log-row.js";
import type { ModelInputs } from "../../core/serving/check-inputs.js";
import type { TensorLike } from "../../core/serving/tensor-types.js";
import type { Answer } from "../engine-worker-api.js";

/** What a tab asks the one that leads. */
export type TabRequest =
  | { readonly kind: "predict"; readonly model: string; readonly inputs: ModelInputs }
  | { readonly kind: "log"; readonly id: string; readonly fields: Readonly<Record<string, LogField>> }
  | { readonly kind: "label"; readonly id: string; readonly truth: TensorLike }
  | { readonly kind: "query"; readonly query: LogQuery }
  | { readonly kind: "erase"; readonly selection: LogSelection }
  | { readonly kind: "forget" }
  | { readonly kind: "consent"; readonly consent: Partial<Consent> }
  | { readonly kind: "hello" };

/** What the request's own function gives; whoever asked knows its type. */
export type TabAnswer = Answer<unknown>;

export type DeviceEventName = keyof DeviceEventMap;

/** What tabs of one device say to each other; every tab hears everything. */
export type TabMessage =
  | { readonly type: "request"; readonly from: string; readonly id: number; readonly request: TabRequest }
  | { readonly type: "answer"; readonly to: string; readonly id: number; readonly answer: TabAnswer }
  /** Sent by the one that leads: when it begins to, on every change, and to whoever says hello. */
  | { readonly type: "state"; readonly leader: string; readonly status: DeviceStatus }
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

/** The line by which a browser's tabs of one origin talk. */
export function openTabLine(name: string): TabLine {
  const channel = new BroadcastChannel(name);
  return {
    postMessage: (message) => channel.postMessage(message),
    listen: (listener) => {
      channel.onmessage = ({ data }: MessageEvent<TabMessage>): void => listener(data);
    },
    close: () => channel.close(),
  };
}
