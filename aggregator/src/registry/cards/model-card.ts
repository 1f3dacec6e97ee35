import {
  blobRef,
  decodeWith,
  numScalars,
  portShape,
  type BlobRef,
  type ModelManifest,
} from "@fedge/protocol";
import * as z from "zod/mini";
import type { StoredRound, VersionRecord } from "../../rounds/journal.js";
import type { EvaluationRecord } from "../../store/port.js";
import type { TaskConfig } from "../../tasks/task-config.js";
import { RISK_CLASSES, type StatementRecord } from "../registry-store.js";

export const CARD_FORMAT = 1;

const said = z.object({ by: z.string(), atMs: z.number() });

/** What a person needs to know of a version before it is used; the sections are those of Mitchell et al. 2019. */
export const modelCard = z.object({
  format: z.literal(CARD_FORMAT),
  model: z.string(),
  version: z.int(),
  createdAtMs: z.number(),
  codeVersion: z.string(),
  signer: z.nullable(z.string()),
  parentVersion: z.nullable(z.int()),
  /** Note of the import; a version that a task made has that of the version it came from. */
  purpose: z.nullable(z.string()),
  training: z.nullable(
    z.object({
      taskId: z.string(),
      roundId: z.string(),
      roundNumber: z.int(),
      cohortSize: z.int(),
      numUpdates: z.int(),
      numExamples: z.int(),
      dataWindow: z.nullable(z.object({ firstMs: z.number(), lastMs: z.number() })),
      privacySpent: z.nullable(z.object({ epsilon: z.number(), delta: z.number() })),
      epochs: z.number(),
      batchSize: z.int(),
      learningRate: z.number(),
      proximalMu: z.number(),
      serverOptimizer: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
      meanLossBefore: z.nullable(z.number()),
      meanLossAfter: z.nullable(z.number()),
    }),
  ),
  evaluations: z.array(
    z.object({
      dataSet: z.string(),
      segment: z.string(),
      numExamples: z.int(),
      accuracy: z.nullable(z.number()),
      loss: z.number(),
      evaluatedAtMs: z.number(),
    }),
  ),
  drift: z.object({ text: z.string() }),
  limits: z.object({
    numParameters: z.int(),
    checkpoint: blobRef,
    bundleBytes: z.int(),
    inputs: z.array(portShape),
    outputs: z.array(portShape),
    minRuntimeVersion: z.string(),
    engines: z.array(z.string()),
  }),
  risk: z.nullable(z.extend(said, { riskClass: z.enum(RISK_CLASSES), text: z.string() })),
  approvals: z.array(z.extend(said, { rolloutId: z.string(), isApproved: z.boolean(), text: z.string() })),
  notes: z.array(z.extend(said, { text: z.string() })),
});
export type ModelCard = z.infer<typeof modelCard>;

export interface CardFacts {
  readonly record: VersionRecord;
  readonly manifest: ModelManifest;
  readonly statements: readonly StatementRecord[];
  /** Of the nearest ancestor that has one, when the version has none of its own. */
  readonly inheritedPurpose: string | null;
  readonly evaluations: readonly EvaluationRecord[];
  /** What released windows say of the version's inputs; null when none was released. */
  readonly driftText: string | null;
  readonly training: { readonly round: StoredRound; readonly config: TaskConfig } | null;
}

const NO_DRIFT = "No drift of this version's inputs has been measured yet.";

/** The card as these facts make it; the same facts give the same card. */
export function buildModelCard(facts: CardFacts): ModelCard {
  const { record, manifest, statements } = facts;
  const { provenance } = record;
  return {
    format: CARD_FORMAT,
    model: record.model,
    version: record.version,
    createdAtMs: record.createdAtMs,
    codeVersion: provenance.codeVersion,
    signer: provenance.signer,
    parentVersion: record.parentVersion,
    purpose: purposeOf(statements) ?? facts.inheritedPurpose,
    training: trainingOf(facts),
    evaluations: facts.evaluations.map(
      ({ dataSet, segment, numExamples, accuracy, loss, evaluatedAtMs }) => ({
        ...{ dataSet, segment, numExamples, accuracy, loss, evaluatedAtMs },
      }),
    ),
    drift: { text: facts.driftText ?? NO_DRIFT },
    limits: limitsOf(record, manifest),
    ...saidOf(statements),
  };
}

/** Canonical bytes: the schema's field order, so that equal cards have equal hashes. */
export function encodeModelCard(card: ModelCard): Uint8Array<ArrayBuffer> {
  const checked = decodeWith(modelCard, card, { what: "model card", code: "INTERNAL" });
  return new TextEncoder().encode(JSON.stringify(checked));
}

/** Throws DATA_CORRUPT naming the field. */
export function decodeModelCard(bytes: Uint8Array): ModelCard {
  const context = { what: "model card", code: "DATA_CORRUPT" } as const;
  try {
    return decodeWith(
      modelCard,
      JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)),
      context,
    );
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
    return decodeWith(modelCard, undefined, context);
  }
}

export function purposeOf(statements: readonly StatementRecord[]): string | null {
  const purposes = statements.flatMap(({ statement }) =>
    statement.kind === "purpose" ? [statement.text] : [],
  );
  return purposes.at(-1) ?? null;
}

function trainingOf({ record, training }: CardFacts): ModelCard["training"] {
  if (training === null || record.taskId === null || record.roundId === null) return null;
  const { round, config } = training;
  const { cohortSize, dataWindow, privacySpent } = record.provenance;
  const { epochs, batchSize, learningRate, proximalMu } = config.training;
  return {
    taskId: record.taskId,
    roundId: record.roundId,
    roundNumber: round.number,
    numUpdates: record.numUpdates,
    numExamples: record.numExamples,
    ...{ cohortSize, dataWindow, privacySpent, epochs, batchSize, learningRate, proximalMu },
    serverOptimizer: { ...config.serverOptimizer },
    meanLossBefore: round.meanLossBefore,
    meanLossAfter: round.meanLossAfter,
  };
}

function limitsOf({ checkpoint }: VersionRecord, manifest: ModelManifest): ModelCard["limits"] {
  const { graphs, parameters, inputs, outputs, minRuntimeVersion } = manifest;
  return {
    numParameters: numScalars(parameters),
    checkpoint,
    bundleBytes: manifestBlobs(manifest).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    ...{ inputs, outputs, minRuntimeVersion },
    engines: graphs.layers === undefined ? ["onnx"] : ["onnx", "tfjs"],
  };
}

/** Every blob that a manifest names, each once, by hash. */
export function manifestBlobs({ graphs, checkpoint, golden }: ModelManifest): BlobRef[] {
  const named = [...Object.values(graphs), checkpoint, golden?.tensors].filter((ref) => ref !== undefined);
  const byHash = new Map(named.map((ref) => [ref.sha256, ref]));
  return [...byHash.values()].sort((one, other) => (one.sha256 < other.sha256 ? -1 : 1));
}

function saidOf(statements: readonly StatementRecord[]): Pick<ModelCard, "risk" | "approvals" | "notes"> {
  const all = statements.map(({ actor, atMs, statement }) => ({ by: actor, atMs, statement }));
  const risks = all.flatMap(({ statement, ...who }) =>
    statement.kind === "risk" ? [{ ...who, riskClass: statement.riskClass, text: statement.text }] : [],
  );
  return {
    risk: risks.at(-1) ?? null,
    approvals: all.flatMap(({ statement, ...who }) => {
      if (statement.kind !== "approval") return [];
      const { rolloutId, isApproved, text } = statement;
      return [{ ...who, rolloutId, isApproved, text }];
    }),
    notes: all.flatMap(({ statement, ...who }) =>
      statement.kind === "note" ? [{ ...who, text: statement.text }] : [],
    ),
  };
}
