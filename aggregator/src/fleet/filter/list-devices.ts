import type { ControlStore, DeviceRecord, PageRequest } from "../../store/port.js";
import type { DeviceFilter } from "./device-filter.js";

const READ_AT_ONCE = 1000;

export interface DevicePage {
  readonly devices: DeviceRecord[];
  /** How many devices the filter means in all. */
  readonly total: number;
}

/**
 * The page of those devices that the filter means, in the store's order, and how many it means in all. Reads the fleet once,
 * a thousand devices at a time.
 */
export async function listFiltered(
  store: Pick<ControlStore, "listDevices">,
  filter: DeviceFilter,
  { limit, offset }: PageRequest = { limit: Number.MAX_SAFE_INTEGER, offset: 0 },
): Promise<DevicePage> {
  const devices: DeviceRecord[] = [];
  let total = 0;
  for (let from = 0; ; from += READ_AT_ONCE) {
    const read = await store.listDevices({ limit: READ_AT_ONCE, offset: from });
    for (const device of read.filter(filter)) {
      if (total >= offset && devices.length < limit) devices.push(device);
      total += 1;
    }
    if (read.length < READ_AT_ONCE) return { devices, total };
  }
}
