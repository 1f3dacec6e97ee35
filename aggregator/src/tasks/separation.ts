import type { DeviceId } from "@fedge/protocol";

/** Keeps a device from being selected twice within `minRounds` rounds, as participation-limited privacy needs. */
export class Separation {
  readonly #lastSelected = new Map<DeviceId, number>();

  constructor(private readonly minRounds: number) {}

  allows(deviceId: DeviceId, roundNumber: number): boolean {
    const last = this.#lastSelected.get(deviceId);
    return last === undefined || roundNumber - last > this.minRounds;
  }

  selected(devices: readonly DeviceId[], roundNumber: number): void {
    if (this.minRounds === 0) return;
    for (const deviceId of devices) this.#lastSelected.set(deviceId, roundNumber);
  }
}
