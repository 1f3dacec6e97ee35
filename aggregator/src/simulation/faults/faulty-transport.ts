import type { ConnectionListener, Credentials, Transport, TransportConnection } from "@fedge/device-runtime";
import {
  FedgeError,
  blockCount,
  decodeEnvelope,
  decodeUploadBlock,
  parseTopic,
  learningDown,
  learningUp,
  type DeviceId,
  type LearningDown,
  type RoundId,
  type LearningUp,
} from "@fedge/protocol";
import type { Inability } from "./deadline-skipper.js";
import type { Fate } from "./fate.js";
import type { RoundGates } from "./round-gates.js";

export interface FaultyTransportOptions {
  readonly inner: Transport;
  readonly gates: RoundGates;
  readonly fateOf: (roundId: RoundId, deviceId: DeviceId) => Fate;
  /** The device cannot report in this round any more, by its fate. */
  readonly onUnable: (roundId: RoundId, deviceId: DeviceId, why: Inability) => void;
}

interface Assignment {
  readonly roundId: RoundId;
  readonly deviceId: DeviceId;
  readonly fate: Fate;
}

/**
 * A device's line to the broker that fails as its fate in each round says.
 *
 * One that vanishes has its socket destroyed, without a goodbye, and connects again when the round is over: when it
 * is about to train (`trainingBegins`), or when it is about to send the second block of its update, or the only one.
 * One that is late has its line stand still from its report until the round is over: what it sends and what it is
 * sent arrive then, in order, the report first.
 */
export class FaultyTransport implements Transport {
  #assignment: Assignment | null = null;
  #cut: RoundId | null = null;
  #isCutOff = false;
  #destroy: () => void = () => undefined;

  constructor(private readonly options: FaultyTransportOptions) {}

  async open(
    credentials: Credentials,
    will: Parameters<Transport["open"]>[1],
    listener: ConnectionListener,
  ): Promise<TransportConnection> {
    if (this.#isCutOff) throw new FedgeError("TRANSPORT_FAILED", "the line was cut on purpose, for good");
    if (this.#cut !== null) await this.options.gates.whenOver(this.#cut);
    this.#cut = null;
    const line = new StandingLine();
    const heard: ConnectionListener = {
      message: (topic, payload) => {
        this.#hear(credentials.deviceId, topic, payload);
        line.pass("down", () => listener.message(topic, payload));
      },
      closed: () => listener.closed(),
    };
    const link = await this.options.inner.open(credentials, will, heard);
    this.#destroy = () => link.destroy();
    return {
      publish: (topic, payload, how) => this.#publish(line, link, { topic, payload, how }),
      subscribe: (topics) => link.subscribe(topics),
      unsubscribe: (topics) => link.unsubscribe(topics),
      end: () => link.end(),
      destroy: () => link.destroy(),
    };
  }

  /** Nobody is reached any more, and nobody gets a goodbye. */
  cutOff(): void {
    this.#isCutOff = true;
    this.#destroy();
  }

  /** The device has everything to train an assignment and starts now. */
  trainingBegins(): void {
    const { fate, roundId } = this.#assignment ?? {};
    if (roundId !== undefined && fate?.kind === "vanish" && fate.moment === "training") this.#vanish(roundId);
  }

  #hear(deviceId: DeviceId, topic: string, payload: Uint8Array): void {
    const message = decodeRound(topic, "fl/dn", payload);
    if (message?.type !== "assigned" || message.roundId === this.#assignment?.roundId) return;
    const { roundId } = message;
    this.#assignment = { roundId, deviceId, fate: this.options.fateOf(roundId, deviceId) };
  }

  async #publish(line: StandingLine, link: TransportConnection, message: Published): Promise<void> {
    const { fate, roundId, deviceId } = this.#assignment ?? {};
    if (roundId !== undefined && deviceId !== undefined && !this.options.gates.isOver(roundId)) {
      if (fate?.kind === "vanish" && fate.moment === "uploading" && isCutPoint(message, roundId)) {
        this.#vanish(roundId);
        throw new FedgeError("TRANSPORT_FAILED", "the connection was cut on purpose");
      }
      if (fate?.kind === "late" && isReport(message, roundId) && !line.isStanding) {
        line.stand();
        void this.options.gates.whenOver(roundId).then(() => line.go());
        this.options.onUnable(roundId, deviceId, "holding");
      }
    }
    const { topic, payload, how } = message;
    await new Promise<void>((resolve, reject) => {
      line.pass("up", () => void link.publish(topic, payload, how).then(resolve, reject));
    });
  }

  /** Cuts the line before anybody is told, so that nothing can be on its way any more. */
  #vanish(roundId: RoundId): void {
    if (this.#cut !== null || this.#assignment === null) return;
    const { deviceId } = this.#assignment;
    this.#assignment = null;
    this.#cut = roundId;
    this.#destroy();
    this.options.onUnable(roundId, deviceId, "vanished");
  }
}

interface Published {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly how: { readonly retain: boolean };
}

/** Passes everything on at once, or, while it stands still, later and in order: what goes up before what comes down. */
class StandingLine {
  readonly #held: Record<"up" | "down", (() => void)[]> = { up: [], down: [] };
  #isStanding = false;

  get isStanding(): boolean {
    return this.#isStanding;
  }

  stand(): void {
    this.#isStanding = true;
  }

  go(): void {
    this.#isStanding = false;
    for (const act of [...this.#held.up.splice(0), ...this.#held.down.splice(0)]) act();
  }

  pass(direction: "up" | "down", act: () => void): void {
    if (this.#isStanding) this.#held[direction].push(act);
    else act();
  }
}

function isReport({ topic, payload }: Published, roundId: RoundId): boolean {
  const message = decodeRound(topic, "fl/up", payload);
  return message?.type === "report" && message.roundId === roundId;
}

/** True for the block before which an upload is cut: the second, or the only one. */
function isCutPoint({ topic, payload }: Published, roundId: RoundId): boolean {
  if (parseTopic(topic).kind !== "upload") return false;
  const block = decodeUploadBlock(payload);
  return block.roundId === roundId && (block.index > 0 || blockCount(block.sizeBytes) === 1);
}

function decodeRound(topic: string, channel: "fl/up", payload: Uint8Array): LearningUp | undefined;
function decodeRound(topic: string, channel: "fl/dn", payload: Uint8Array): LearningDown | undefined;
function decodeRound(
  topic: string,
  channel: "fl/up" | "fl/dn",
  payload: Uint8Array,
): LearningUp | LearningDown | undefined {
  const parsed = parseTopic(topic);
  if (parsed.kind !== "device" || parsed.channel !== channel) return undefined;
  return channel === "fl/up"
    ? decodeEnvelope(payload, learningUp, "round message").body
    : decodeEnvelope(payload, learningDown, "round message").body;
}
