import type { WireError } from "@fedge/protocol";
import type { DeviceEventMap } from "../core/device-events.js";
import type { DeviceStatus } from "../core/device-interface.js";
import type { LogField } from "../core/feature-log/log-row.js";
import type { LogQuery, LogSelection } from "../core/feature-log/log-selection.js";
import type { Consent } from "../core/ports/application.js";
import type { ModelInputs } from "../core/serving/check-inputs.js";
import type { TensorLike } from "../core/serving/tensor-types.js";

/** What is asked of a device that lives elsewhere: in another tab, in another process. */
export type DeviceRequest =
  | { readonly kind: "predict"; readonly model: string; readonly inputs: ModelInputs }
  | { readonly kind: "log"; readonly id: string; readonly fields: Readonly<Record<string, LogField>> }
  | { readonly kind: "label"; readonly id: string; readonly truth: TensorLike }
  | { readonly kind: "query"; readonly query: LogQuery }
  | { readonly kind: "erase"; readonly selection: LogSelection }
  | { readonly kind: "forget" }
  | { readonly kind: "consent"; readonly consent: Partial<Consent> };

/** The first thing on a line: which device is meant. */
export interface DeviceHello {
  /** The one that is served there when it is not given. */
  readonly server?: string;
  readonly models: readonly string[];
  /** What is not given is as it was the last time. */
  readonly consent: Partial<Consent>;
}

/** Errors are values: their codes would be lost on the way. Who asked knows the result's type. */
export type DeviceAnswer<T = unknown> = { readonly result: T } | { readonly error: WireError };

export type DeviceEventName = keyof DeviceEventMap;

/** What a device elsewhere says without being asked. Errors are wire errors. */
export type DeviceNews =
  | { readonly type: "state"; readonly status: DeviceStatus }
  | { readonly type: "event"; readonly name: DeviceEventName; readonly detail: unknown };

/** What is served at the far end of a line. */
export interface RemoteDeviceApi {
  /** The device's status. Answers OPTION_INVALID for a device that is not served there, and what opening it throws. */
  hello(hello: DeviceHello): Promise<DeviceAnswer<DeviceStatus>>;
  /** Answers CLOSED before a hello, and what the device's own function throws. */
  ask(request: DeviceRequest): Promise<DeviceAnswer>;
}
