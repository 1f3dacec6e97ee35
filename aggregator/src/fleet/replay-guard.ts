import type { DeviceId, EnvelopeHeader } from "@fedge/protocol";

export type Freshness = "fresh" | "duplicate" | "replayed";

/**
 * Tells a new message from one that was seen. QoS 1 delivers at least once, so a repeated sequence number is normal;
 * a session older than the present one is a captured message played again.
 */
export class ReplayGuard {
  readonly #last = new Map<DeviceId, { session: number; seq: number }>();

  /** Judges and remembers; call it once for every message of a device. */
  judge(deviceId: DeviceId, header: Pick<EnvelopeHeader, "session" | "seq">): Freshness {
    const last = this.#last.get(deviceId);
    if (last !== undefined && header.session < last.session) return "replayed";
    if (last !== undefined && header.session === last.session && header.seq <= last.seq) return "duplicate";
    this.#last.set(deviceId, { session: header.session, seq: header.seq });
    return "fresh";
  }

  /** True for a session before the newest one that was heard of. */
  isOld(deviceId: DeviceId, session: number): boolean {
    return session < (this.#last.get(deviceId)?.session ?? 0);
  }

  /** Makes older sessions unacceptable, as after a restart that forgot them. */
  begin(deviceId: DeviceId, session: number): void {
    const last = this.#last.get(deviceId);
    if (last === undefined || session > last.session) this.#last.set(deviceId, { session, seq: -1 });
  }
}
