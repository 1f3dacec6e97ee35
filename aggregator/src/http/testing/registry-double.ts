import { FedgeError, type ModelName } from "@fedge/protocol";
import type { AliasMoveRecord, StatementRecord, VersionId } from "../../registry/registry-store.js";
import type { ProfilePackage } from "../../registry/profiles/profile-package.js";
import type { VersionRecord } from "../../rounds/journal.js";
import type { RegistryService, VersionFacts } from "../../registry/registry-service.js";
import { DEFAULT_RETENTION } from "../../registry/retention/retention-policy.js";
import type { RetentionReport } from "../../registry/retention/retention.js";
import { sampleVersion } from "./sample-data.js";

/** A registry in memory of one version, for tests of what stands in front of one; it keeps names, tags and statements. */
export class RegistryDouble implements RegistryService {
  readonly known: VersionId = { model: "digits" as ModelName, version: 1 };
  readonly moves: AliasMoveRecord[] = [];
  readonly statements: StatementRecord[] = [];
  /** Who asked for what changes something, in order. */
  readonly actors: string[] = [];
  tags: readonly string[] = [];
  bundle = new TextEncoder().encode("a bundle");
  numRetentionRuns = 0;

  aliases(): ReturnType<RegistryService["aliases"]> {
    const aliases = this.moves.flatMap(({ alias, toVersion, atMs }) =>
      toVersion === null ? [] : [{ alias, version: toVersion, movedAtMs: atMs }],
    );
    return Promise.resolve({ aliases, moves: this.moves });
  }

  async moveAlias(
    change: Parameters<RegistryService["moveAlias"]>[0],
  ): ReturnType<RegistryService["moveAlias"]> {
    const { model, alias, toVersion, actor, reason } = change;
    this.actors.push(actor);
    const move = { model, alias, toVersion, actor, reason, fromVersion: null, atMs: 1_700_000_000_000 };
    this.moves.unshift(move);
    return move;
  }

  async facts(version: VersionId): Promise<VersionFacts> {
    this.#require(version);
    return { aliases: this.moves.map(({ alias }) => alias), tags: this.tags, statements: this.statements };
  }

  async changeTags(
    version: VersionId,
    { add, remove, actor }: Parameters<RegistryService["changeTags"]>[1],
  ): Promise<VersionFacts> {
    this.actors.push(actor);
    this.tags = [...this.tags, ...add].filter((tag) => !remove.includes(tag));
    return this.facts(version);
  }

  async state(...[version, statement, actor]: Parameters<RegistryService["state"]>): Promise<VersionFacts> {
    this.actors.push(actor);
    this.statements.push({ actor, statement, atMs: 1_700_000_000_000 });
    return this.facts(version);
  }

  card(version: VersionId): ReturnType<RegistryService["card"]> {
    return Promise.reject(new FedgeError("DATA_MISSING", `${version.model} has no card in this double`));
  }

  async compare(
    ...[, { a, b, dataSet }]: Parameters<RegistryService["compare"]>
  ): ReturnType<RegistryService["compare"]> {
    const accuracy = {
      ...{ a: 0.9, b: 0.92, difference: 0.02, low: 0.005, high: 0.035, pValue: 0.009 },
      method: "mcnemar" as const,
    };
    const where = { dataSet: dataSet ?? "held-out", segment: "", numExamples: 2000 };
    return [{ ...where, accuracy, loss: null, verdict: "better", reason: `${b} against ${a}` }];
  }

  async measure({ model, version }: VersionId): ReturnType<RegistryService["measure"]> {
    this.#require({ model, version });
    const measured = { accuracy: 0.9, loss: 0.3, numExamples: 1000, evaluatedAtMs: 1_700_000_000_000 };
    return { model, version, dataSet: "held-out", segment: "", ...measured, results: null };
  }

  async verify({ model, version }: VersionId): ReturnType<RegistryService["verify"]> {
    const checks = [{ what: "manifest", isSame: true, expected: "ab", found: "ab" }];
    return { model, version, kind: "reproduced", checks };
  }

  async exportBundle(version: VersionId): Promise<Uint8Array<ArrayBuffer>> {
    this.#require(version);
    return this.bundle;
  }

  async attachProfile(version: VersionId, _given: ProfilePackage, actor: string): Promise<VersionRecord> {
    this.#require(version);
    this.actors.push(actor);
    return { ...sampleVersion(version.version + 1, 0.9), model: version.model };
  }

  importBundle(): ReturnType<RegistryService["importBundle"]> {
    return Promise.reject(new FedgeError("DATA_CORRUPT", "the bundle is refused: it is a double's"));
  }

  planRetention(): Promise<RetentionReport> {
    const nothing = { deleted: [], held: [], numSumsForgotten: 0, numBlobsDeleted: 0 };
    return Promise.resolve({ policy: DEFAULT_RETENTION, ...nothing, isDone: false });
  }

  async runRetention(actor: string): Promise<RetentionReport> {
    this.actors.push(actor);
    this.numRetentionRuns += 1;
    return { ...(await this.planRetention()), isDone: true };
  }

  #require({ model, version }: VersionId): void {
    if (model === this.known.model && version === this.known.version) return;
    throw new FedgeError("VERSION_UNKNOWN", `there is no version ${version} of model ${model}`);
  }
}
