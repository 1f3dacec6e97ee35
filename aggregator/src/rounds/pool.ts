import type { DeviceId } from "@fedge/protocol";
import type { Clock } from "../clock/clock.js";

export interface PoolOptions {
  readonly clock: Clock;
  readonly limit: number;
  readonly waitMs: number;
  /** Told that a device waited for `waitMs` without being selected. */
  readonly onExpired: (deviceId: DeviceId) => void;
}

/** The devices that checked in for one task and wait to be selected. Kept in memory: a restart asks them again. */
export class Pool {
  readonly #waiting = new Map<DeviceId, () => void>();

  constructor(private readonly options: PoolOptions) {}

  get size(): number {
    return this.#waiting.size;
  }

  /** False when the pool is full. A device that waits already stays, with its waiting time begun anew. */
  add(deviceId: DeviceId): boolean {
    if (!this.#waiting.has(deviceId) && this.#waiting.size >= this.options.limit) return false;
    this.#waiting.get(deviceId)?.();
    const expire = (): void => {
      this.#waiting.delete(deviceId);
      this.options.onExpired(deviceId);
    };
    this.#waiting.set(deviceId, this.options.clock.after(this.options.waitMs, expire));
    return true;
  }

  remove(deviceId: DeviceId): void {
    this.#waiting.get(deviceId)?.();
    this.#waiting.delete(deviceId);
  }

  has(deviceId: DeviceId): boolean {
    return this.#waiting.has(deviceId);
  }

  devices(): DeviceId[] {
    return [...this.#waiting.keys()];
  }

  /** Empties the pool and gives who was in it. */
  drain(): DeviceId[] {
    const devices = this.devices();
    for (const deviceId of devices) this.remove(deviceId);
    return devices;
  }
}
