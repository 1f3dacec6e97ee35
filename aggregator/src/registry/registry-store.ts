import type { Audited } from "../audit/ports.js";
import type { BlobRef, ModelName } from "@fedge/protocol";
import * as z from "zod/mini";
import type { VersionRecord } from "../rounds/journal.js";
import type { PageRequest } from "../store/port.js";

/** Names that mean something to Fedge; any other lower-case name is the operator's. */
export const CHAMPION = "champion";
export const CANDIDATE = "candidate";
export const FALLBACK = "fallback";

export const RISK_CLASSES = ["minimal", "limited", "high"] as const;
export type RiskClass = (typeof RISK_CLASSES)[number];

const longText = z.string().check(z.minLength(1), z.maxLength(4096));

export const statement = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("note"), text: longText }),
  z.object({ kind: z.literal("purpose"), text: longText }),
  z.object({
    kind: z.literal("risk"),
    riskClass: z.enum(RISK_CLASSES),
    text: z.string().check(z.maxLength(4096)),
  }),
  z.object({
    kind: z.literal("approval"),
    rolloutId: z.string().check(z.maxLength(64)),
    isApproved: z.boolean(),
    text: z.string().check(z.maxLength(4096)),
  }),
]);
export type Statement = z.infer<typeof statement>;

/** What somebody said of a version. */
export interface StatementRecord {
  readonly actor: string;
  readonly statement: Statement;
  readonly atMs: number;
}

export interface VersionId {
  readonly model: ModelName;
  readonly version: number;
}

export interface AliasRecord {
  readonly alias: string;
  readonly version: number;
  readonly movedAtMs: number;
}

export interface AliasMove {
  readonly model: ModelName;
  readonly alias: string;
  /** Null takes the alias away. */
  readonly toVersion: number | null;
  /** The version that the alias is believed to name, null for none; undefined moves it from wherever it is. */
  readonly expected?: number | null;
  readonly actor: string;
  readonly reason: string;
  readonly atMs: number;
}

export interface AliasMoveRecord extends Omit<AliasMove, "expected"> {
  readonly fromVersion: number | null;
}

export interface CardRecord {
  /** 1, 2, 3, … */
  readonly revision: number;
  readonly card: BlobRef;
  readonly atMs: number;
}

/** What the registry keeps beside versions and evaluations. Every method is one transaction, as in `ControlStore`. */
export interface RegistryStore {
  /** By name. */
  listAliases(model: ModelName): Promise<AliasRecord[]>;
  /**
   * Moves an alias and records the move. Undefined when it is there already.
   *
   * Throws VERSION_UNKNOWN for a version that does not exist, and VERSION_CONFLICT when the alias is not where it is
   * believed to be.
   */
  moveAlias(
    move: AliasMove,
    /** What the log says of it, in the same transaction. */
    entryOf?: (moved: AliasMoveRecord) => Audited,
  ): Promise<AliasMoveRecord | undefined>;
  /** Newest first. */
  aliasMoves(model: ModelName, page?: PageRequest): Promise<AliasMoveRecord[]>;

  /** Tags of the model's versions, in alphabetical order. */
  listTags(model: ModelName): Promise<{ readonly version: number; readonly tag: string }[]>;
  /** Throws VERSION_UNKNOWN. */
  changeTags(
    version: VersionId,
    change: { readonly add: readonly string[]; readonly remove: readonly string[] },
    audit?: Audited,
  ): Promise<void>;

  /** Throws VERSION_UNKNOWN. */
  addStatement(version: VersionId, record: StatementRecord, audit?: Audited): Promise<void>;
  /** Oldest first. */
  listStatements(version: VersionId): Promise<StatementRecord[]>;

  /** Keeps a card as the next revision, unless the newest is the same blob. Gives the newest revision. */
  saveCard(version: VersionId, card: BlobRef, atMs: number): Promise<CardRecord>;
  /** Oldest first. */
  listCards(version: VersionId): Promise<CardRecord[]>;

  /** Marks a version as deleted; its row, statements, cards and moves stay. False when it was so before. */
  markDeleted(version: VersionId, atMs: number): Promise<boolean>;
  /** Keeps the id of the key that signed a version for devices; the first one stays. */
  noteSigner(version: VersionId, keyId: string): Promise<void>;
  /** Lets go of a version's sum. */
  forgetSum(version: VersionId): Promise<void>;
  /** Versions whose sum is kept and that are not deleted, newest first. */
  versionsWithSum(model: ModelName): Promise<VersionRecord[]>;
}
