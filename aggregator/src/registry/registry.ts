import { FedgeError, type ModelName } from "@fedge/protocol";
import type { AnchoredAudit, AuditDraft } from "../audit/audit.js";
import type { Audited } from "../audit/ports.js";
import type { BlobStore } from "../blobs/port.js";
import { compareStored } from "../evaluation/compare/compare-stored.js";
import type { Comparison } from "../evaluation/compare/compare-versions.js";
import type { VersionRecord } from "../rounds/journal.js";
import type { ControlStore, EvaluationRecord, PageRequest } from "../store/port.js";
import type { Evaluator, Releases } from "../tasks/ports.js";
import { loadVersion } from "../tasks/version-maker.js";
import type { Aliases, AliasChange } from "./aliases/aliases.js";
import { exportBundle } from "./bundle/export-bundle.js";
import { importBundle } from "./bundle/import-bundle.js";
import { cardMarkdown } from "./cards/card-markdown.js";
import type { ModelCards } from "./cards/model-cards.js";
import { attachProfile } from "./profiles/attach-profile.js";
import type { ProfilePackage } from "./profiles/profile-package.js";
import type { AliasMoveRecord, RegistryStore, Statement, VersionId } from "./registry-store.js";
import type { CardView, RegistryService, VersionFacts } from "./registry-service.js";
import type { Retention, RetentionReport } from "./retention/retention.js";
import { requireKept } from "./views.js";
import { verifyVersion, type Verification } from "./verify/verify-version.js";

export interface RegistryParts {
  readonly store: ControlStore & RegistryStore;
  readonly blobs: BlobStore;
  readonly audit: AnchoredAudit;
  readonly releases: Releases;
  readonly cards: ModelCards;
  readonly aliases: Aliases;
  readonly retention: Retention;
  readonly evaluator: Evaluator;
  readonly nowMs: () => number;
}

const TAG = /^[a-z0-9][a-z0-9_.:-]{0,63}$/;
const MAX_TAGS = 64;

/** Answers HTTP and the command line from the registry's parts; every change is audited. */
export class Registry implements RegistryService {
  constructor(private readonly parts: RegistryParts) {}

  async aliases(model: ModelName, page?: PageRequest): ReturnType<RegistryService["aliases"]> {
    await this.#requireModel(model);
    const { store } = this.parts;
    return { aliases: await store.listAliases(model), moves: await store.aliasMoves(model, page) };
  }

  async moveAlias(change: AliasChange): Promise<AliasMoveRecord | undefined> {
    await this.#requireModel(change.model);
    return this.parts.aliases.move(change);
  }

  async facts(version: VersionId): Promise<VersionFacts> {
    await this.#record(version);
    const { store } = this.parts;
    const aliases = await store.listAliases(version.model);
    const tags = await store.listTags(version.model);
    return {
      aliases: aliases.filter((one) => one.version === version.version).map(({ alias }) => alias),
      tags: tags.filter((one) => one.version === version.version).map(({ tag }) => tag),
      statements: await store.listStatements(version),
    };
  }

  async changeTags(
    version: VersionId,
    { add, remove, actor }: Parameters<RegistryService["changeTags"]>[1],
  ): Promise<VersionFacts> {
    await this.#record(version);
    for (const tag of add) requireTag(tag);
    const { tags } = await this.facts(version);
    if (new Set([...tags, ...add]).size > MAX_TAGS)
      throw new FedgeError("OPTION_INVALID", `a version has at most ${MAX_TAGS} tags; remove some first`);
    const entry = this.#entry(version, { actor, action: "version.tag", details: { add, remove } });
    await this.parts.store.changeTags(version, { add, remove }, entry);
    await this.parts.audit.anchorHead();
    return this.facts(version);
  }

  async state(version: VersionId, statement: Statement, actor: string): Promise<VersionFacts> {
    await this.#record(version);
    const atMs = this.parts.nowMs();
    const entry = this.#entry(version, {
      ...{ actor, action: `version.${statement.kind}`, details: { ...statement } },
    });
    await this.parts.store.addStatement(version, { actor, statement, atMs }, entry);
    await this.parts.audit.anchorHead();
    return this.facts(version);
  }

  async card(version: VersionId): Promise<CardView> {
    const kept = await this.parts.cards.card(await this.#record(version));
    const { revision, content } = kept;
    return { revision, sha256: kept.card.sha256, card: content, markdown: cardMarkdown(content) };
  }

  async compare(
    model: ModelName,
    { a, b, dataSet }: Parameters<RegistryService["compare"]>[1],
  ): Promise<Comparison[]> {
    for (const version of [a, b]) await this.#record({ model, version });
    const evaluations = await this.parts.store.listEvaluations(model);
    return compareStored(this.parts.blobs, { evaluations, a, b, dataSet });
  }

  async measure(version: VersionId): Promise<EvaluationRecord> {
    const { store, blobs, evaluator, cards } = this.parts;
    const record = await this.#kept(version);
    const { manifest } = await loadVersion(blobs, record);
    const evaluation = await evaluator.evaluate(record, manifest);
    if (evaluation === undefined)
      throw new FedgeError(
        "DATA_MISSING",
        `the aggregator holds no data to measure ${version.model} on; start it with --evaluation-data ${version.model}=DIRECTORY`,
      );
    await store.saveEvaluation(evaluation);
    await cards.card(record);
    return evaluation;
  }

  async verify(version: VersionId): Promise<Verification> {
    return verifyVersion(this.parts, await this.#kept(version));
  }

  async attachProfile(version: VersionId, given: ProfilePackage, actor: string): Promise<VersionRecord> {
    const record = await attachProfile(this.parts, await this.#kept(version), { package: given, actor });
    await this.#follow(record, { isFirst: false });
    return record;
  }

  async exportBundle(version: VersionId): Promise<Uint8Array<ArrayBuffer>> {
    const { store, blobs, cards } = this.parts;
    const record = await this.#kept(version);
    const { content } = await cards.card(record);
    const all = await store.listEvaluations(version.model);
    const evaluations = all.filter((evaluation) => evaluation.version === version.version);
    return exportBundle(blobs, { record, card: content, evaluations });
  }

  async importBundle(archive: Uint8Array, actor: string): ReturnType<RegistryService["importBundle"]> {
    const { record, isNew, isFirst } = await importBundle(this.parts, archive, actor);
    if (isNew) await this.#follow(record, { isFirst });
    return { record, isNew };
  }

  /** What follows the import of a model file. */
  imported(record: VersionRecord): Promise<void> {
    return this.#follow(record, { isFirst: record.parentVersion === null });
  }

  /** A model's first version is its champion, and is released at once: a fleet without any could serve nothing. */
  async #follow(record: VersionRecord, { isFirst }: { readonly isFirst: boolean }): Promise<void> {
    const version = { model: record.model as ModelName, version: record.version };
    await this.parts.audit.anchorHead();
    if (isFirst) await this.parts.aliases.firstImported(version.model, version.version);
    if (isFirst) await this.parts.releases.release(version.model, record);
    await this.parts.cards.card(record);
  }

  planRetention(): Promise<RetentionReport> {
    return this.parts.retention.plan();
  }

  runRetention(actor: string): Promise<RetentionReport> {
    return this.parts.retention.run(actor);
  }

  async #record({ model, version }: VersionId): Promise<VersionRecord> {
    const record = await this.parts.store.getVersion(model, version);
    if (record !== undefined) return record;
    await this.#requireModel(model);
    throw new FedgeError(
      "VERSION_UNKNOWN",
      `model "${model}" has no version ${version}; see \`fedge model show ${model}\``,
    );
  }

  /** A version whose bytes are there. */
  async #kept(version: VersionId): Promise<VersionRecord> {
    const record = await this.#record(version);
    requireKept(record);
    return record;
  }

  async #requireModel(model: ModelName): Promise<void> {
    if ((await this.parts.store.latestVersion(model)) !== undefined) return;
    throw new FedgeError("MODEL_UNKNOWN", `there is no model "${model}"; see \`fedge model list\``);
  }

  #entry({ model, version }: VersionId, draft: Omit<AuditDraft, "subject">): Audited {
    return { draft: { ...draft, subject: `${model}@${version}` }, atMs: this.parts.nowMs() };
  }
}

function requireTag(tag: string): void {
  if (TAG.test(tag)) return;
  throw new FedgeError(
    "OPTION_INVALID",
    `"${tag}" is no tag; use up to 64 lower-case letters, digits, and _ . : -`,
  );
}
