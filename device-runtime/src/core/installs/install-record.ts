import { ERROR_CODES, INSTALL_STATES, blobRef, installPolicy, type ModelName } from "@fedge/protocol";
import * as z from "zod/mini";
import type { ByteStore } from "../ports/storage.js";
import { NOTHING_INSTALLED, type InstallRecord } from "./install-state.js";

const count = z.int().check(z.gte(0));
const slotName = z.enum(["a", "b", "base"]);

const slotVersion = z.object({
  version: count,
  manifest: blobRef,
  releaseCounter: count,
  rolloutId: z.nullable(z.string()),
  installedAtMs: z.nullable(z.number()),
  installation: count,
});

const attempt = z.object({
  goal: z.object({
    version: count,
    manifest: blobRef,
    releaseCounter: count,
    rolloutId: z.nullable(z.string()),
    attempt: count,
    policy: installPolicy,
  }),
  state: z.enum(INSTALL_STATES),
  deadlineAtMs: z.nullable(z.number()),
  numTransitions: count,
  numActivations: count,
  numCrashes: count,
  isRunning: z.boolean(),
  isReported: z.boolean(),
  from: slotName,
  fault: z.nullable(z.object({ code: z.enum(ERROR_CODES), message: z.string() })),
  trusted: z.nullable(z.object({ releaseCounter: count, minRuntimeVersion: z.string() })),
  activatedAtMs: z.nullable(z.number()),
  before: z.object({ p95Us: z.nullable(z.number()), memoryBytes: z.nullable(z.number()) }),
});

const installRecord = z.object({
  slots: z.object({ active: slotName, a: z.nullable(slotVersion), b: z.nullable(slotVersion) }),
  release: z.nullable(z.object({ counter: count, manifestSha256: blobRef.shape.sha256 })),
  numInstallations: count,
  numAttempts: count,
  attempt: z.nullable(attempt),
  unreported: z.array(z.object({ number: count, attempt })),
});

/** What runtimes before the slots kept: the version that serves. */
const activeVersion = z.object({
  version: count,
  manifest: blobRef,
  releaseCounter: count,
  installedAtMs: z.optional(z.number()),
});

/** The installations of one model in the store. */
export class InstallRecords {
  constructor(
    private readonly store: ByteStore,
    private readonly model: ModelName,
  ) {}

  /** What is kept; nothing for what cannot be read: the device then begins anew. Throws STORAGE_FAILED. */
  async read(): Promise<InstallRecord> {
    const bytes = await this.store.get(this.#key);
    if (bytes === undefined) return this.#readOlder();
    const read = installRecord.safeParse(parsed(bytes));
    return read.success ? read.data : NOTHING_INSTALLED;
  }

  /** Whole or not at all, and durable. Throws STORAGE_FAILED or STORAGE_FULL. */
  async write(record: InstallRecord, isDurable = true): Promise<void> {
    const value = new TextEncoder().encode(JSON.stringify(record));
    await this.store.write(
      [
        [this.#key, value],
        [this.#olderKey, null],
      ],
      { isDurable },
    );
  }

  async #readOlder(): Promise<InstallRecord> {
    const bytes = await this.store.get(this.#olderKey);
    const older = activeVersion.safeParse(bytes === undefined ? undefined : parsed(bytes));
    if (!older.success) return NOTHING_INSTALLED;
    const { installedAtMs = null, releaseCounter, ...version } = older.data;
    const a = { ...version, releaseCounter, installedAtMs, rolloutId: null, installation: 1 };
    return {
      ...NOTHING_INSTALLED,
      slots: { active: "a", a, b: null },
      release: { counter: releaseCounter, manifestSha256: version.manifest.sha256 },
      numInstallations: 1,
    };
  }

  get #key(): string {
    return `install/${this.model}`;
  }

  get #olderKey(): string {
    return `active/${this.model}`;
  }
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
