import type { Audited } from "../audit/ports.js";
import type { DeviceId } from "@fedge/protocol";
import type { DeviceRecord } from "../store/port.js";

/** What identity keeps about devices. */
export interface DeviceKeyStore {
  /** The same key again is the same device. Throws ACCESS_DENIED when the id belongs to another key. */
  enrolDevice(device: { deviceId: DeviceId; publicKey: string; atMs: number }): Promise<DeviceRecord>;
  getDevice(deviceId: DeviceId): Promise<DeviceRecord | undefined>;
  /** What is not there is deleted already. */
  deleteDevice(deviceId: DeviceId, audit: Audited): Promise<void>;
  /**
   * Records the timestamp of a token request, durably, and gives true when it is newer than every one accepted
   * before; false for a replay or an unknown device.
   */
  acceptTokenTimestamp(deviceId: DeviceId, timestampMs: number): Promise<boolean>;
}
