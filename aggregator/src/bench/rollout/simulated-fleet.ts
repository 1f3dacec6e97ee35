import type { DeviceId, TenantId } from "@fedge/protocol";
import { enrolledDevice } from "./enrol-device.js";
import { SimulatedDevice, type DesiredHeard } from "./simulated-device.js";

/** Enrolments and connections under way at once. */
const AT_ONCE = 64;

export interface FleetMember {
  readonly deviceId: DeviceId;
  readonly tenantId: TenantId;
  readonly token: string;
  /** Where its broker listens for MQTT over TCP. */
  readonly port: number;
}

/** Enrols so many new devices over HTTP, each with a key of its own. */
export async function enrolFleet(serverUrl: string, numDevices: number): Promise<FleetMember[]> {
  const members: FleetMember[] = [];
  await eachAtOnce(numDevices, async (index) => {
    members.push(await enrolledDevice(serverUrl, index));
  });
  return members;
}

/** Ten thousand devices that are connected and do what they are told, and what they heard when. */
export class SimulatedFleet {
  readonly devices: SimulatedDevice[] = [];
  readonly #heard: { readonly heard: DesiredHeard; readonly atMs: number }[] = [];
  readonly #lost = new AbortController();
  #isHolding = false;

  /** Resolves when every device has said what a real one says first, and its broker has all of it. */
  static async connect(members: readonly FleetMember[], port: number): Promise<SimulatedFleet> {
    const fleet = new SimulatedFleet();
    await eachAtOnce(members.length, async (index) => {
      const member = members[index] as FleetMember;
      const device = await SimulatedDevice.open(member, {
        port,
        onDesired: (heard) => fleet.#heard.push({ heard, atMs: performance.now() }),
        // A device that is gone would never answer, and the benchmark would wait for it.
        onLost: (error) => fleet.#lost.abort(error),
        isHolding: () => fleet.#isHolding,
      });
      fleet.devices.push(device);
    });
    return fleet;
  }

  /** Throws TRANSPORT_FAILED when a device lost its connection. */
  check(): void {
    this.#lost.signal.throwIfAborted();
  }

  /** From now on devices stop in the middle of an installation, as on a slow line. */
  hold(): void {
    this.#isHolding = true;
  }

  /** Forgets what was heard so far. */
  listenAnew(): void {
    this.#heard.length = 0;
  }

  /** How many documents for the version were heard since, and when the last of those after `sinceMs` came. */
  heard(version: number, sinceMs = 0): { readonly numDevices: number; readonly lastAtMs: number | null } {
    const meant = this.#heard.filter(({ heard, atMs }) => heard.version === version && atMs > sinceMs);
    const devices = new Set(meant.map(({ heard }) => heard.deviceId));
    return { numDevices: devices.size, lastAtMs: meant.at(-1)?.atMs ?? null };
  }

  /** Documents heard, also of the same content. */
  get numHeard(): number {
    return this.#heard.length;
  }

  close(): void {
    for (const device of this.devices) device.close();
  }
}

async function eachAtOnce(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      next += 1;
      await work(next - 1);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
