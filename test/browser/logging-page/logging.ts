import type { DeviceStatus, LogRow } from "@fedge/device-runtime";
import { createDevice, type BrowserDevice } from "@fedge/device-runtime/browser";

/** A row of somebody's life, as an app gives it. */
export interface GivenRow {
  readonly input: readonly number[];
  readonly fields: Readonly<Record<string, string | number>>;
  readonly label: readonly number[];
}

/** What a test asks the page for. */
export interface LoggingPage {
  /** A device of the server that the page is from; it may report, and tells the server all that it ever does. */
  start(model: string): Promise<void>;
  status(): DeviceStatus;
  /** Predicts, notes and labels one row. */
  use(row: GivenRow): Promise<void>;
  /** The newest row of the log. */
  newest(): Promise<Pick<LogRow, "fields" | "labelledAtMs"> | undefined>;
}

declare global {
  var logging: LoggingPage;
}

let device: BrowserDevice | null = null;
let modelName = "";
const running = (): BrowserDevice => {
  if (device === null) throw new Error("the device was not started");
  return device;
};

globalThis.logging = {
  start: async (model) => {
    modelName = model;
    device = await createDevice({
      ...{ server: location.origin, models: [model], metricsIntervalMs: 500 },
      consent: { training: false, reporting: true },
    });
  },
  status: () => running().status(),
  use: async ({ input, fields, label }) => {
    const shape = [1, input.length];
    const { id } = await running()
      .model(modelName)
      .predict({ input: { shape, data: Float32Array.from(input) } });
    await running().log(id, fields);
    await running().label(id, { shape: [1, label.length], data: Float32Array.from(label) });
  },
  newest: async () => {
    const [row] = await running().featureLog.query({ limit: 1 });
    return row === undefined ? undefined : { fields: row.fields, labelledAtMs: row.labelledAtMs };
  },
};
