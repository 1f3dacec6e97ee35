import { FedgeError, type DeviceId } from "@fedge/protocol";
import type { DeviceFilter } from "../fleet/filter/device-filter.js";
import type { DeviceRecord } from "../store/port.js";
import type { TaskConfig } from "./task-config.js";

export interface TaskMembersOptions {
  /** Undefined for a device that is unknown or gone for good. */
  device(deviceId: DeviceId): Promise<DeviceRecord | undefined>;
  /** Compiles filters with today's groups. */
  compiler(): Promise<(filter: string) => DeviceFilter>;
}

/** Which devices a task trains on. */
export class TaskMembers {
  constructor(private readonly options: TaskMembersOptions) {}

  /** Throws FILTER_INVALID with the place of the mistake, and OPTION_INVALID for a task of some that releases to all. */
  async check({ taskId, filter, release, autopilot }: TaskConfig): Promise<void> {
    if (filter === undefined) return;
    (await this.options.compiler())(filter);
    if (release === undefined || autopilot !== undefined) return;
    throw new FedgeError(
      "OPTION_INVALID",
      `task "${taskId}" trains on some devices and releases to all; leave \`release\` out and roll its version out with the filter`,
    );
  }

  /** Whether the task means the device as it is now. */
  async isMember({ filter }: Pick<TaskConfig, "filter">, deviceId: DeviceId): Promise<boolean> {
    if (filter === undefined) return true;
    const device = await this.options.device(deviceId);
    return device !== undefined && (await this.options.compiler())(filter)(device);
  }
}
