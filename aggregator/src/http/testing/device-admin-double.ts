import type { DeviceId } from "@fedge/protocol";
import type { DeviceAdminPort, DeviceGroup, TagChange } from "../../fleet/device-admin-port.js";
import { deviceFilter } from "../../fleet/filter/device-filter.js";
import { SAMPLE_START_MS } from "./sample-data.js";
import type { DeviceRecord } from "../../store/port.js";
import type { ServiceDouble } from "./service-double.js";

/** Tags, groups and decommissioned devices in memory. Its state is public and mutable. */
export class DeviceAdminDouble implements DeviceAdminPort {
  readonly tags = new Map<DeviceId, readonly string[]>();
  readonly decommissioned: { readonly deviceId: DeviceId; readonly reason: string }[] = [];
  readonly groups = new Map<string, string>();

  constructor(private readonly service: ServiceDouble) {}

  async setTags(deviceId: DeviceId, { add, remove }: TagChange): Promise<{ tags: readonly string[] }> {
    await this.service.getDevice(deviceId);
    const kept = (this.tags.get(deviceId) ?? []).filter((tag) => !remove.includes(tag));
    const tags = [...new Set([...kept, ...add])].sort();
    this.tags.set(deviceId, tags);
    this.#change(deviceId, { tags });
    return { tags };
  }

  async decommission(deviceId: DeviceId, _actor: string, reason: string): Promise<void> {
    await this.service.getDevice(deviceId);
    const isOut = this.decommissioned.some((one) => one.deviceId === deviceId);
    if (!isOut) this.decommissioned.push({ deviceId, reason });
    this.#change(deviceId, { decommissionedAtMs: SAMPLE_START_MS });
  }

  #change(deviceId: DeviceId, change: Partial<DeviceRecord>): void {
    this.service.devices = this.service.devices.map((device) =>
      device.deviceId === deviceId ? { ...device, ...change } : device,
    );
  }

  async saveGroup(name: string, filter: string): Promise<DeviceGroup> {
    deviceFilter(filter, SAMPLE_START_MS);
    this.groups.set(name, filter);
    return { name, filter };
  }

  async deleteGroup(name: string): Promise<void> {
    this.groups.delete(name);
  }

  async listGroups(): Promise<DeviceGroup[]> {
    return [...this.groups]
      .map(([name, filter]) => ({ name, filter }))
      .sort((one, other) => (one.name < other.name ? -1 : 1));
  }
}
