import {
  BLOCK_BYTES,
  PROTOCOL_VERSION,
  blobTopic,
  createBlockAssembly,
  decodeEnvelope,
  decodeUploadBlock,
  deviceTopic,
  encodeEnvelope,
  encodeManifest,
  encodeSafetensors,
  installReport,
  parseTopic,
  learningUp,
  profileWindow,
  serverStateTopic,
  servingMetrics,
  uploadTopic,
  type Assigned,
  type BlobRef,
  type BlockAssembly,
  type DesiredModel,
  type DeviceId,
  type InstallReport,
  type MessageId,
  type ModelManifest,
  type ProfileWindow,
  type Report,
  type LearningDown,
  type RoundDown,
  type LearningUp,
  type ServingMetrics,
  type TenantId,
} from "@fedge/protocol";
import type { Digest } from "../core/ports/storage.js";

/** The server's side of a broker, in memory or real. */
export interface ServerSide {
  publish(topic: string, payload: Uint8Array, options?: { readonly retain?: boolean }): void;
  onPublished(listener: (topic: string, payload: Uint8Array) => void): unknown;
}

export const TENANT = "acme" as TenantId;
const RETRY = { minMs: 100, maxMs: 1000 };
const NO_TASK: RoundDown = {
  type: "rejected",
  reason: "no-task",
  retryAfter: { minMs: 3_600_000, maxMs: 3_600_000 },
};

/** The server's side of the conversation, as short as can be: it assigns whoever checks in, and counts. */
export class ScriptedServer {
  /** Every round message of every device, in order. */
  readonly heard: { readonly deviceId: DeviceId; readonly message: LearningUp }[] = [];
  /** Round of each update that was counted. */
  readonly counted: { readonly deviceId: DeviceId; readonly roundId: string; readonly bytes: Uint8Array }[] =
    [];
  /** The answer to a check-in; by default the base version is assigned, and without one there is no task. */
  answer: (deviceId: DeviceId) => RoundDown | null = (deviceId) =>
    this.base === null ? NO_TASK : this.assignment(deviceId);
  base: { readonly version: number; readonly manifest: BlobRef } | null = null;
  /** Every report of an installation, and all serving metrics, in order. */
  readonly reports: InstallReport[] = [];
  readonly metrics: ServingMetrics[] = [];
  /** Every window of a monitor, in order; whether the server says that it has them. */
  readonly windows: ProfileWindow[] = [];
  hasWindows = true;
  readonly #open = new Map<DeviceId, Assigned>();
  readonly #numRounds = new Map<DeviceId, number>();
  readonly #uploads = new Map<string, { readonly report: Report; readonly assembly: BlockAssembly }>();
  #seq = 0;

  constructor(
    private readonly broker: ServerSide,
    private readonly digest: Digest,
  ) {
    broker.onPublished((topic, payload) => void this.#receive(topic, payload));
  }

  /** Publishes a version of `model` whose every answer is its number, with P parameters. */
  async publishVersion(
    version: number,
    { numParameters = 4, changes = {} as Partial<ModelManifest> } = {},
  ): Promise<BlobRef> {
    const weight = { name: "weight", elementType: "float32" as const, shape: [numParameters] };
    const data = new Float32Array(numParameters).fill(version);
    const checkpoint = await this.publishBlob(encodeSafetensors([{ ...weight, data }]));
    const infer = await this.publishBlob(new TextEncoder().encode("infer graph"));
    const train = await this.publishBlob(new TextEncoder().encode("train graph"));
    const evaluation = await this.publishBlob(new TextEncoder().encode("eval graph"));
    const port = { name: "input", elementType: "float32" as const, shape: [null, 1] };
    const manifest = encodeManifest({
      ...{
        format: 1,
        model: "digits" as ModelManifest["model"],
        version,
        graphs: { infer, train, eval: evaluation },
        checkpoint,
      },
      ...{ parameters: [weight], state: [], inputs: [port], outputs: [{ ...port, name: "answer" }] },
      ...{ target: { ...port, name: "target" }, proximal: false, minRuntimeVersion: "0.1.0" },
      lineage: { parentVersion: null, taskId: null, roundId: null, numUpdates: 0, numExamples: 0 },
      ...changes,
    });
    return this.publishBlob(manifest);
  }

  async publishBlob(bytes: Uint8Array): Promise<BlobRef> {
    const sha256 = await this.digest.sha256(bytes);
    for (let block = 0; block * BLOCK_BYTES < bytes.byteLength; block += 1) {
      const body = bytes.subarray(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES);
      this.broker.publish(blobTopic(TENANT, sha256, block), body, { retain: true });
    }
    return { sha256, sizeBytes: bytes.byteLength };
  }

  /** Tells a device what to run. */
  desire(
    deviceId: DeviceId,
    version: number,
    manifest: BlobRef,
    releaseCounter = version,
    more: Partial<DesiredModel> = {},
  ): void {
    const models = [{ model: "digits", version, manifest, ...more }];
    this.desireAll(deviceId, { type: "desired", releaseCounter, models });
  }

  /** Tells a device what to run, in words of one's own. */
  desireAll(deviceId: DeviceId, body: object): void {
    this.broker.publish(deviceTopic(TENANT, deviceId, "desired"), this.#envelope(body), { retain: true });
  }

  send(deviceId: DeviceId, message: LearningDown): void {
    this.broker.publish(deviceTopic(TENANT, deviceId, "fl/dn"), this.#envelope(message));
  }

  /** Says that a server with this session number is here. */
  begin(session: number): void {
    const body = { type: "server-state", presence: "online", session };
    this.broker.publish(serverStateTopic(TENANT), this.#envelope(body), { retain: true });
  }

  /** The open assignment of a device, or a new one. */
  assignment(deviceId: DeviceId): Assigned {
    const open = this.#open.get(deviceId);
    if (open !== undefined) return open;
    if (this.base === null) throw new Error("the script has no base version");
    const number = (this.#numRounds.get(deviceId) ?? 0) + 1;
    this.#numRounds.set(deviceId, number);
    const plan = {
      epochs: 1,
      batchSize: 1,
      learningRate: 1,
      proximalMu: 0,
      maxExamples: 10,
      seed: `${number}`,
    };
    const upload = { encoding: "float32", topic: uploadTopic(TENANT, deviceId, 0), maxBytes: 2 ** 22 };
    const next = {
      ...{ type: "assigned", taskId: "task", roundId: `${deviceId}-${number}`, attempt: 1, model: "digits" },
      ...{
        baseVersion: this.base.version,
        manifest: this.base.manifest,
        plan,
        upload,
        reportWithinMs: 600_000,
      },
    } as Assigned;
    this.#open.set(deviceId, next);
    return next;
  }

  #envelope(body: object): Uint8Array {
    this.#seq += 1;
    const id = `server-${this.#seq}` as MessageId;
    return encodeEnvelope({ v: PROTOCOL_VERSION, id, sentAtMs: 0, session: 1, seq: this.#seq, body });
  }

  async #receive(topic: string, payload: Uint8Array): Promise<void> {
    const parsed = parseTopic(topic);
    if (parsed.kind === "upload") return this.#block(parsed.deviceId, payload);
    if (parsed.kind !== "device") return;
    if (parsed.channel === "report")
      this.reports.push(decodeEnvelope(payload, installReport, "install report").body);
    if (parsed.channel === "metrics") this.#measured(parsed.deviceId, payload);
    if (parsed.channel !== "fl/up") return;
    const { deviceId } = parsed;
    const message = decodeEnvelope(payload, learningUp, "round message").body;
    this.heard.push({ deviceId, message });
    if (message.type === "check-in") {
      const answer = this.answer(deviceId);
      if (answer !== null) this.send(deviceId, answer);
    } else if (message.type === "report") this.#report(deviceId, message);
    else if (message.type === "abort") this.#open.delete(deviceId);
  }

  #measured(deviceId: DeviceId, payload: Uint8Array): void {
    if (!new TextDecoder().decode(payload).includes('"profile-window"'))
      return void this.metrics.push(decodeEnvelope(payload, servingMetrics, "serving metrics").body);
    const { body } = decodeEnvelope(payload, profileWindow, "window of a monitor");
    this.windows.push(body);
    const { model, version, window } = body;
    const receipt = { type: "profile-window-received", model, version, window, isCounted: true };
    if (this.hasWindows)
      this.broker.publish(deviceTopic(TENANT, deviceId, "rpc/res"), this.#envelope(receipt));
  }

  #report(deviceId: DeviceId, report: Report): void {
    const { roundId, attempt } = report;
    if (this.counted.some((one) => one.roundId === roundId)) {
      return this.send(deviceId, {
        type: "receipt",
        roundId,
        attempt,
        outcome: "counted",
        retryAfter: RETRY,
      });
    }
    const upload = this.#uploads.get(roundId) ?? {
      report,
      assembly: createBlockAssembly(report.update.sizeBytes),
    };
    this.#uploads.set(roundId, upload);
    this.send(deviceId, { type: "proceed", roundId, attempt, missing: upload.assembly.missing() });
  }

  async #block(deviceId: DeviceId, frame: Uint8Array): Promise<void> {
    const { roundId, attempt, index, body } = decodeUploadBlock(frame);
    const upload = this.#uploads.get(roundId);
    if (upload === undefined || !upload.assembly.add(index, body) || !upload.assembly.isComplete()) return;
    const bytes = upload.assembly.bytes();
    if ((await this.digest.sha256(bytes)) !== upload.report.update.sha256)
      throw new Error("another update arrived");
    this.counted.push({ deviceId, roundId, bytes });
    this.#open.delete(deviceId);
    this.send(deviceId, { type: "receipt", roundId, attempt, outcome: "counted", retryAfter: RETRY });
  }
}
