import type { DeviceId } from "@fedge/protocol";

export interface TagChange {
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

/** A filter with a name: always those devices that it means at the moment. */
export interface DeviceGroup {
  readonly name: string;
  readonly filter: string;
}

/** Letters, digits and `_.-`, so that it stands in a filter without quotes. */
export const TAG_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$/;
export const GROUP_NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;
export const MAX_TAGS = 20;

/** What people do to devices. All may throw FedgeError; `actor` is the account, token or `system` that does it. */
export interface DeviceAdminPort {
  /** Gives the tags afterwards, sorted; changes at the same time both count. Throws DEVICE_UNKNOWN, or OPTION_INVALID for more than MAX_TAGS. */
  setTags(
    deviceId: DeviceId,
    change: TagChange,
    actor: string,
  ): Promise<{ readonly tags: readonly string[] }>;
  /**
   * Takes a device out of service for good: its tokens are refused, its connection ends, rollouts go on without it. Its
   * record stays. Idempotent. Throws DEVICE_UNKNOWN.
   */
  decommission(deviceId: DeviceId, actor: string, reason: string): Promise<unknown>;
  /** Makes the group, or changes its filter. Throws FILTER_INVALID. */
  saveGroup(name: string, filter: string, actor: string): Promise<DeviceGroup>;
  /** What is not there is deleted already. */
  deleteGroup(name: string, actor: string): Promise<void>;
  /** By name. */
  listGroups(): Promise<DeviceGroup[]>;
}
