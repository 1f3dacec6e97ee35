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

/** Letters, digits and `_.-`, so that a tag or group stands in a filter without quotes. */
export const TAG_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;
export const MAX_TAGS = 32;

/** What people do to devices. All may throw FedgeError; `actor` is the account, token or `system` that does it. */
export interface DeviceAdmin {
  /** The device's tags afterwards, sorted. Throws DEVICE_UNKNOWN, or OPTION_INVALID for more than MAX_TAGS. */
  setTags(deviceId: DeviceId, change: TagChange, actor: string): Promise<readonly string[]>;
  /**
   * Takes a device out of service for good: its tokens are refused, its connection ends, rollouts go on without it. Its
   * record stays. Idempotent. Throws DEVICE_UNKNOWN.
   */
  decommission(deviceId: DeviceId, actor: string): Promise<void>;
  /** Makes the group, or changes its filter. Throws FILTER_INVALID. */
  saveGroup(name: string, filter: string, actor: string): Promise<DeviceGroup>;
  /** False when there was none. */
  deleteGroup(name: string, actor: string): Promise<boolean>;
  /** By name. */
  listGroups(): Promise<DeviceGroup[]>;
}
