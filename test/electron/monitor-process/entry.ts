import { parentOf } from "../../../electron-shell/src/device-process/parent.js";
import type { FromDeviceProcess } from "../../../electron-shell/src/messages/process-messages.js";
import { monitoredRows } from "../../browser/monitor-page/monitored-rows.js";

// Whoever started it gets the windows by the way on which a device's process speaks.
void monitoredRows().then((rows) => parentOf(process).post(rows as unknown as FromDeviceProcess));
