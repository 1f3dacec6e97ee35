import type { DeviceId } from "@fedge/protocol";
import type { DeviceAdmin, DeviceGroup, TagChange } from "../../fleet/device-admin.js";
import type { ServiceDouble } from "./service-double.js";

/** Tags, groups and decommissioned devices in memory. Its state is public and mutable. */
export class DeviceAdminDouble implements DeviceAdmin {
  readonly tags = new Map<DeviceId, readonly string[]>();
  readonly decommissioned: DeviceId[] = [];
  readonly groups = new Map<string, string>();

  constructor(private readonly service: ServiceDouble) {}

  async setTags(deviceId: DeviceId, { add, remove }: TagChange): Promise<readonly string[]> {
    await this.service.getDevice(deviceId);
    const kept = (this.tags.get(deviceId) ?? []).filter((tag) => !remove.includes(tag));
    const tags = [...new Set([...kept, ...add])].sort();
    this.tags.set(deviceId, tags);
    return tags;
  }

  async decommission(deviceId: DeviceId): Promise<void> {
    await this.service.getDevice(deviceId);
    if (!this.decommissioned.includes(deviceId)) this.decommissioned.push(deviceId);
  }

  async saveGroup(name: string, filter: string): Promise<DeviceGroup> {
    this.groups.set(name, filter);
    return { name, filter };
  }

  async deleteGroup(name: string): Promise<boolean> {
    return this.groups.delete(name);
  }

  async listGroups(): Promise<DeviceGroup[]> {
    return [...this.groups]
      .map(([name, filter]) => ({ name, filter }))
      .sort((one, other) => (one.name < other.name ? -1 : 1));
  }
}
