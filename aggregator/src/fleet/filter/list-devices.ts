import type { ControlStore, DeviceRecord, PageRequest } from "../../store/port.js";
import type { DeviceFilter } from "./device-filter.js";

const READ_AT_ONCE = 1000;

/** The page of those devices that the filter means, in the store's order. Reads the fleet a thousand devices at a time. */
export async function listFiltered(
  store: Pick<ControlStore, "listDevices">,
  filter: DeviceFilter,
  { limit, offset }: PageRequest = { limit: Number.MAX_SAFE_INTEGER, offset: 0 },
): Promise<DeviceRecord[]> {
  const found: DeviceRecord[] = [];
  let numSkipped = 0;
  for (let from = 0; ; from += READ_AT_ONCE) {
    const devices = await store.listDevices({ limit: READ_AT_ONCE, offset: from });
    for (const device of devices.filter(filter)) {
      if (numSkipped < offset) numSkipped += 1;
      else found.push(device);
      if (found.length === limit) return found;
    }
    if (devices.length < READ_AT_ONCE) return found;
  }
}

/** How many devices the filter means. */
export async function countFiltered(
  store: Pick<ControlStore, "listDevices">,
  filter: DeviceFilter,
): Promise<number> {
  let numFound = 0;
  for (let from = 0; ; from += READ_AT_ONCE) {
    const devices = await store.listDevices({ limit: READ_AT_ONCE, offset: from });
    numFound += devices.filter(filter).length;
    if (devices.length < READ_AT_ONCE) return numFound;
  }
}
