import {
  INSTALL_STATES,
  PROTOCOL_VERSION,
  deviceTopic,
  encodeEnvelope,
  metaTopic,
  serverStateTopic,
  type Birth,
  type Desired,
  type DesiredModel,
  type DeviceId,
  type Envelope,
  type FedgeError,
  type InstallReport,
  type InstallState,
  type MessageId,
  type Presence,
} from "@fedge/protocol";
import { LightClient } from "./light-client.js";
import type { FleetMember } from "./simulated-fleet.js";

const SESSION = 1;
/** Every state of an installation that goes well. A real device leaves out those that are over before the last was sent. */
const WHOLE_INSTALLATION: readonly InstallState[] = INSTALL_STATES.slice(
  0,
  INSTALL_STATES.indexOf("rolling-back"),
).concat("committed");
const FIRST_HALF = WHOLE_INSTALLATION.slice(0, 2);

export interface DesiredHeard {
  readonly deviceId: DeviceId;
  readonly version: number;
  readonly releaseCounter: number;
}

interface Work {
  readonly model: DesiredModel;
  readonly releaseCounter: number;
  isOver: boolean;
}

interface Surroundings {
  readonly port: number;
  readonly onDesired: (heard: DesiredHeard) => void;
  readonly onLost: (error: FedgeError) => void;
  /** Whether an installation stops after its download began. */
  readonly isHolding: () => boolean;
}

/**
 * Says on the wire what a real device says, and installs nothing: birth, presence and subscriptions at first, then the
 * reports of an installation for every desired state, each after the broker took the one before.
 */
export class SimulatedDevice {
  #client: LightClient | null = null;
  #seq = 0;
  #step = 0;
  /** What it works on, or did last. */
  #work: Work | null = null;
  #serving = 0;

  private constructor(
    private readonly member: FleetMember,
    private readonly around: Surroundings,
  ) {}

  static async open(member: FleetMember, around: Surroundings): Promise<SimulatedDevice> {
    const device = new SimulatedDevice(member, around);
    await device.#begin();
    return device;
  }

  close(): void {
    this.#client?.end();
  }

  async #begin(): Promise<void> {
    const { tenantId, deviceId, token } = this.member;
    const desired = deviceTopic(tenantId, deviceId, "desired");
    const state = deviceTopic(tenantId, deviceId, "state");
    const presence = (how: "online" | "lost"): Presence => {
      return { type: "presence", presence: how, session: SESSION };
    };
    const client = await LightClient.open({
      ...{ port: this.around.port, clientId: deviceId, password: token },
      onLost: this.around.onLost,
      will: { topic: state, payload: this.#envelope(presence("lost")) },
      onMessage: (topic, payload) => {
        if (topic === desired) void this.#desired(JSON.parse(payload.toString("utf8")) as Envelope<Desired>);
      },
    });
    this.#client = client;
    await client.publish(deviceTopic(tenantId, deviceId, "birth"), this.#envelope(birth()));
    await client.publish(state, this.#envelope(presence("online")), true);
    const own = [desired, deviceTopic(tenantId, deviceId, "fl/dn")];
    const shared = [
      serverStateTopic(tenantId),
      metaTopic(tenantId, "timestamp"),
      metaTopic(tenantId, "root"),
    ];
    await client.subscribe([...own, ...shared]);
  }

  async #desired({ body }: Envelope<Desired>): Promise<void> {
    const [model] = body.models;
    if (model === undefined) return;
    const { version, releaseCounter = body.releaseCounter } = model;
    this.around.onDesired({ deviceId: this.member.deviceId, version, releaseCounter });
    const before = this.#work;
    if (before !== null && releaseCounter <= before.releaseCounter) return;
    const work: Work = { model, releaseCounter, isOver: false };
    this.#work = work;
    if (before?.isOver === false) await this.#report(before, "canceled");
    await this.#install(work);
  }

  async #install(work: Work): Promise<void> {
    // What it serves already is committed at once, as on a real device.
    const isServing = work.model.version === this.#serving;
    const held = this.around.isHolding() ? FIRST_HALF : WHOLE_INSTALLATION;
    const states: readonly InstallState[] = isServing ? ["committed"] : held;
    for (const state of states) {
      if (this.#work !== work) return;
      await this.#report(work, state);
    }
    if (states.at(-1) !== "committed") return;
    this.#serving = work.model.version;
    work.isOver = true;
  }

  async #report({ model, releaseCounter }: Work, state: InstallState): Promise<void> {
    const { tenantId, deviceId } = this.member;
    this.#step += 1;
    const report = reportOf(model, { releaseCounter, state, step: this.#step });
    await this.#client?.publish(deviceTopic(tenantId, deviceId, "report"), this.#envelope(report));
  }

  #envelope(body: object): Uint8Array {
    this.#seq += 1;
    return encodeEnvelope({
      v: PROTOCOL_VERSION,
      id: `${this.member.deviceId}-${this.#seq}` as MessageId,
      sentAtMs: Date.now(),
      session: SESSION,
      seq: this.#seq,
      body,
    });
  }
}

function reportOf(
  { model, version, manifest, rolloutId = null, attempt = 1 }: DesiredModel,
  facts: Pick<InstallReport, "releaseCounter" | "state" | "step">,
): InstallReport {
  const named = { type: "install", model, version, manifestSha256: manifest.sha256 } as const;
  return { ...named, rolloutId, attempt, ...facts };
}

function birth(): Birth {
  const runtime = { runtimeVersion: "0.1.0", engine: "onnxruntime-node", platform: "bench" };
  return { type: "birth", session: SESSION, ...runtime, models: [] };
}
