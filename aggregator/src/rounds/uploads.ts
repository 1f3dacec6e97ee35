import {
  FedgeError,
  createBlockAssembly,
  decodeUploadBlock,
  type DeviceId,
  type Report,
  type RoundId,
} from "@fedge/protocol";
import type { Clock } from "../clock/clock.js";

export interface UploadListener {
  /** Every block is here; `body` is the whole update, its hash not yet compared. */
  complete(deviceId: DeviceId, body: Uint8Array): void;
  /** Nothing came for `idleMs`; the slot is free again. */
  stalled(deviceId: DeviceId): void;
}

interface Upload {
  readonly report: Report;
  readonly assembly: ReturnType<typeof createBlockAssembly>;
  cancelIdle: () => void;
}

/** The updates of one round that are on their way: at most one buffer for each device that has a slot. */
export class Uploads {
  readonly #uploads = new Map<DeviceId, Upload>();

  constructor(
    private readonly roundId: RoundId,
    private readonly options: {
      readonly clock: Clock;
      readonly idleMs: number;
      readonly listener: UploadListener;
    },
  ) {}

  /** Opens or resumes, and gives the blocks still to be sent as inclusive ranges. */
  open(deviceId: DeviceId, report: Report): [number, number][] {
    const existing = this.#uploads.get(deviceId);
    // Blocks of another update would make one that nobody has sent.
    const isSame = existing?.report.update.sha256 === report.update.sha256;
    const upload = isSame ? existing : this.#start(deviceId, report);
    this.#watch(deviceId, upload);
    return upload.assembly.missing();
  }

  /** Takes one frame of the device. Throws BLOCK_INVALID, ROUND_UNKNOWN or ROUND_NOT_MEMBER; a duplicate is ignored. */
  accept(deviceId: DeviceId, frame: Uint8Array): void {
    const block = decodeUploadBlock(frame);
    if (block.roundId !== this.roundId) throw new FedgeError("ROUND_UNKNOWN", "block of another round");
    const upload = this.#uploads.get(deviceId);
    if (upload === undefined)
      throw new FedgeError("ROUND_NOT_MEMBER", "block without an open upload; report first");
    const { attempt, update } = upload.report;
    if (block.attempt !== attempt) throw new FedgeError("BLOCK_INVALID", "block of another attempt");
    if (block.sizeBytes !== update.sizeBytes)
      throw new FedgeError("BLOCK_INVALID", "block of an update of another size");
    // Only what is new keeps the slot: whoever repeats a block for ever must not hold it for ever.
    if (!upload.assembly.add(block.index, block.body)) return;
    if (!upload.assembly.isComplete()) return this.#watch(deviceId, upload);
    this.forget(deviceId);
    this.options.listener.complete(deviceId, upload.assembly.bytes());
  }

  forget(deviceId: DeviceId): void {
    this.#uploads.get(deviceId)?.cancelIdle();
    this.#uploads.delete(deviceId);
  }

  close(): void {
    for (const deviceId of [...this.#uploads.keys()]) this.forget(deviceId);
  }

  #start(deviceId: DeviceId, report: Report): Upload {
    this.forget(deviceId);
    const upload: Upload = {
      report,
      assembly: createBlockAssembly(report.update.sizeBytes),
      cancelIdle: () => undefined,
    };
    this.#uploads.set(deviceId, upload);
    return upload;
  }

  #watch(deviceId: DeviceId, upload: Upload): void {
    upload.cancelIdle();
    upload.cancelIdle = this.options.clock.after(this.options.idleMs, () => {
      this.forget(deviceId);
      this.options.listener.stalled(deviceId);
    });
  }
}
