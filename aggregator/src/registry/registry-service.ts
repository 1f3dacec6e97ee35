import type { ModelName, Sha256 } from "@fedge/protocol";
import type { Comparison } from "../evaluation/compare/compare-versions.js";
import type { VersionRecord } from "../rounds/journal.js";
import type { EvaluationRecord, PageRequest } from "../store/port.js";
import type { AliasChange } from "./aliases/aliases.js";
import type { ModelCard } from "./cards/model-card.js";
import type {
  AliasMoveRecord,
  AliasRecord,
  Statement,
  StatementRecord,
  VersionId,
} from "./registry-store.js";
import type { ProfilePackage } from "./profiles/profile-package.js";
import type { RetentionReport } from "./retention/retention.js";
import type { Verification } from "./verify/verify-version.js";

/** What the registry knows of a version beside its record and its evaluations. */
export interface VersionFacts {
  readonly aliases: readonly string[];
  readonly tags: readonly string[];
  readonly statements: readonly StatementRecord[];
}

export interface CardView {
  readonly revision: number;
  readonly sha256: Sha256;
  readonly card: ModelCard;
  readonly markdown: string;
}

/**
 * Everything that HTTP and the command line can ask of the registry. All throw MODEL_UNKNOWN or VERSION_UNKNOWN for what
 * is not there; `actor` is who asks.
 */
export interface RegistryService {
  aliases(
    model: ModelName,
    page?: PageRequest,
  ): Promise<{ readonly aliases: AliasRecord[]; readonly moves: AliasMoveRecord[] }>;
  /** Undefined when the alias is there already. Throws as `Aliases.move`. */
  moveAlias(change: AliasChange): Promise<AliasMoveRecord | undefined>;

  facts(version: VersionId): Promise<VersionFacts>;
  /** Throws OPTION_INVALID for a tag that is none. */
  changeTags(
    version: VersionId,
    change: { readonly add: readonly string[]; readonly remove: readonly string[]; readonly actor: string },
  ): Promise<VersionFacts>;
  state(version: VersionId, statement: Statement, actor: string): Promise<VersionFacts>;

  card(version: VersionId): Promise<CardView>;
  /** B against A, on every data set that both were evaluated on, or on one. */
  compare(
    model: ModelName,
    versions: { a: number; b: number; dataSet?: string | undefined },
  ): Promise<Comparison[]>;
  /**
   * Measures a version on the data that the aggregator holds now, also one whose numbers are of other data. Throws DATA_MISSING
   * where it holds none for the model.
   */
  measure(version: VersionId): Promise<EvaluationRecord>;
  /** Throws VERSION_NOT_REPRODUCED or DATA_MISSING. */
  verify(version: VersionId): Promise<Verification>;

  /** The new version. Throws as `attachProfile`. */
  attachProfile(version: VersionId, given: ProfilePackage, actor: string): Promise<VersionRecord>;

  exportBundle(version: VersionId): Promise<Uint8Array<ArrayBuffer>>;
  /** Throws DATA_CORRUPT and others for a bundle that is refused. */
  importBundle(
    archive: Uint8Array,
    actor: string,
  ): Promise<{ readonly record: VersionRecord; readonly isNew: boolean }>;

  /** What a run would delete now. */
  planRetention(): Promise<RetentionReport>;
  runRetention(actor: string): Promise<RetentionReport>;
}
