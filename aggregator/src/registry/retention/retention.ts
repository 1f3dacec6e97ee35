import { FedgeError, type ModelName } from "@fedge/protocol";
import type { Audit } from "../../audit/audit.js";
import type { BlobStore } from "../../blobs/port.js";
import type { VersionRecord } from "../../rounds/journal.js";
import type { ControlStore } from "../../store/port.js";
import type { RegistryStore } from "../registry-store.js";
import { planRetention, type RetentionPlan, type RetentionPolicy } from "./retention-policy.js";
import { servedVersions, type VersionHolder } from "./version-holders.js";
import { BlobReferences } from "./blob-references.js";

export interface RetentionPorts {
  readonly store: ControlStore & RegistryStore;
  readonly blobs: BlobStore;
  readonly audit: Audit;
  readonly holders: readonly VersionHolder[];
  /** Makes the version's last card, which outlives it. */
  readonly keepCard: (record: VersionRecord) => Promise<unknown>;
  readonly nowMs: () => number;
}

export interface DeletedVersion {
  readonly model: string;
  readonly version: number;
}

export interface HeldVersion extends DeletedVersion {
  readonly heldBy: readonly string[];
}

export interface RetentionReport {
  readonly policy: RetentionPolicy;
  readonly deleted: readonly DeletedVersion[];
  /** Due for deletion, and in use. */
  readonly held: readonly HeldVersion[];
  readonly numSumsForgotten: number;
  readonly numBlobsDeleted: number;
  /** False for a plan that was only made. */
  readonly isDone: boolean;
}

/** Deletes versions as the policy says; their records, cards, moves and statements stay for good. */
export class Retention {
  constructor(
    private readonly policy: RetentionPolicy,
    private readonly ports: RetentionPorts,
  ) {}

  /** What a run would do now. */
  async plan(): Promise<RetentionReport> {
    const plans = await this.#plans();
    const due = plans.flatMap(({ toDelete }) => toDelete);
    const held: HeldVersion[] = [];
    const free: VersionRecord[] = [];
    for (const record of due) {
      const heldBy = await this.#heldBy(record);
      if (heldBy.length === 0) free.push(record);
      else held.push({ model: record.model, version: record.version, heldBy });
    }
    const numSumsForgotten = plans.reduce((sum, { sumsToForget }) => sum + sumsToForget.length, 0);
    return {
      policy: this.policy,
      deleted: free.map(({ model, version }) => ({ model, version })),
      ...{ held, numSumsForgotten, numBlobsDeleted: 0, isDone: false },
    };
  }

  /** Deletes what is due and not in use. Running it again after a crash finishes what was begun. */
  async run(actor: string): Promise<RetentionReport> {
    const references = await BlobReferences.count(this.ports);
    const report = { deleted: [] as DeletedVersion[], held: [] as HeldVersion[], numSumsForgotten: 0 };
    let numBlobsDeleted = await references.finishDeletions();
    for (const plan of await this.#plans()) {
      for (const record of plan.toDelete) {
        const { model, version } = record;
        const heldBy = await this.#heldBy(record);
        if (heldBy.length > 0) report.held.push({ model, version, heldBy });
        else numBlobsDeleted += await this.#delete(record, { actor, references });
        if (heldBy.length === 0) report.deleted.push({ model, version });
      }
      for (const record of plan.sumsToForget) numBlobsDeleted += await this.#forgetSum(record);
      report.numSumsForgotten += plan.sumsToForget.length;
    }
    return { policy: this.policy, ...report, numBlobsDeleted, isDone: true };
  }

  /** Lets go of the sums that the policy no longer keeps of one model, as every new version makes one more. */
  async forgetOldSums(model: ModelName): Promise<void> {
    const versions = await this.ports.store.versionsWithSum(model);
    if (versions.length <= this.policy.keepSums) return;
    const aliased = new Set((await this.ports.store.listAliases(model)).map(({ version }) => version));
    const facts = { versions, aliased, released: new Set<number>(), nowMs: this.ports.nowMs() };
    const { sumsToForget } = planRetention({ ...this.policy, keepNewest: 1_000_000 }, facts);
    for (const record of sumsToForget) await this.#forgetSum(record);
  }

  /**
   * Deletes one version's bytes, whatever the policy says of it; gives the number of blobs that went.
   *
   * Throws VERSION_IN_USE naming who holds it.
   */
  async delete(record: VersionRecord, actor: string): Promise<number> {
    const heldBy = await this.#heldBy(record);
    if (heldBy.length > 0) {
      const message = `${record.model}@${record.version} is in use by ${heldBy.join(", ")}; it can be deleted later`;
      throw new FedgeError("VERSION_IN_USE", message, { details: { heldBy } });
    }
    return this.#delete(record, { actor, references: await BlobReferences.count(this.ports) });
  }

  async #delete(
    record: VersionRecord,
    { actor, references }: { readonly actor: string; readonly references: BlobReferences },
  ): Promise<number> {
    const { model, version, manifest } = record;
    await this.ports.keepCard(record);
    await this.ports.audit.append({
      ...{ actor, action: "version.delete", subject: `${model}@${version}` },
      details: { policy: this.policy, manifest: manifest.sha256 },
    });
    // Marked first: a version whose bytes are partly gone must not look whole.
    await this.ports.store.markDeleted({ model: model as ModelName, version }, this.ports.nowMs());
    return references.remove(record);
  }

  /** Number of blobs that went with the sum. */
  async #forgetSum(record: VersionRecord): Promise<number> {
    const { finalSum } = record;
    if (finalSum === null) return 0;
    const model = record.model as ModelName;
    await this.ports.store.forgetSum({ model, version: record.version });
    // Two rounds whose sums are the same bytes share one blob.
    const others = await this.ports.store.versionsWithSum(model);
    if (others.some((other) => other.finalSum?.sha256 === finalSum.sha256)) return 0;
    await this.ports.blobs.delete(finalSum.sha256);
    return 1;
  }

  async #plans(): Promise<RetentionPlan[]> {
    const { store, nowMs } = this.ports;
    const releases = await store.currentReleases();
    const plans: RetentionPlan[] = [];
    for (const model of await store.listModels()) {
      const released = releases.filter((release) => release.model === model).map(({ version }) => version);
      const served = (await servedVersions(store, model)).keys();
      const aliases = await store.listAliases(model);
      plans.push(
        planRetention(this.policy, {
          versions: await store.listVersions(model),
          aliased: new Set(aliases.map(({ version }) => version)),
          released: new Set([...released, ...served]),
          nowMs: nowMs(),
        }),
      );
    }
    return plans;
  }

  async #heldBy(record: VersionRecord): Promise<string[]> {
    const found = await Promise.all(this.ports.holders.map((holder) => holder(record)));
    return found.flat();
  }
}
