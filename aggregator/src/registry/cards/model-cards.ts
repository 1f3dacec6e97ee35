import { FedgeError, type ModelName } from "@fedge/protocol";
import type { BlobStore } from "../../blobs/port.js";
import type { VersionRecord } from "../../rounds/journal.js";
import type { ControlStore } from "../../store/port.js";
import { loadVersion } from "../../tasks/version-maker.js";
import type { CardRecord, RegistryStore, VersionId } from "../registry-store.js";
import {
  buildModelCard,
  decodeModelCard,
  encodeModelCard,
  purposeOf,
  type CardFacts,
  type ModelCard,
} from "./model-card.js";

export interface CardPorts {
  readonly store: ControlStore & RegistryStore;
  readonly blobs: BlobStore;
  readonly nowMs: () => number;
  /** What released windows say of a version's inputs; null when none was released. */
  readonly driftText?: (version: VersionId) => Promise<string | null>;
}

export interface KeptCard extends CardRecord {
  readonly content: ModelCard;
}

/** Generates model cards, and keeps every revision as a blob. */
export class ModelCards {
  constructor(private readonly ports: CardPorts) {}

  /**
   * The card as the facts are now; a new revision is kept when it differs from the one before. A deleted version has the
   * card that it had last. Throws DATA_MISSING for a deleted version that never had one.
   */
  async card(record: VersionRecord): Promise<KeptCard> {
    const version = { model: record.model as ModelName, version: record.version };
    if (record.deletedAtMs !== null) return this.#last(version);
    const content = buildModelCard(await this.#facts(record, version));
    const card = await this.ports.blobs.put(encodeModelCard(content));
    return { ...(await this.ports.store.saveCard(version, card, this.ports.nowMs())), content };
  }

  async #last(version: VersionId): Promise<KeptCard> {
    const last = (await this.ports.store.listCards(version)).at(-1);
    if (last === undefined)
      throw new FedgeError(
        "DATA_MISSING",
        `${version.model}@${version.version} was deleted and never had a card`,
      );
    return { ...last, content: decodeModelCard(await this.ports.blobs.get(last.card.sha256)) };
  }

  async #facts(record: VersionRecord, version: VersionId): Promise<CardFacts> {
    const { store, blobs } = this.ports;
    const { manifest } = await loadVersion(blobs, record);
    const statements = await store.listStatements(version);
    const evaluations = await store.listEvaluations(version.model);
    return {
      ...{ record, manifest, statements },
      inheritedPurpose: purposeOf(statements) === null ? await this.#inherited(record) : null,
      evaluations: evaluations.filter((evaluation) => evaluation.version === record.version),
      driftText: (await this.ports.driftText?.(version)) ?? null,
      training: await this.#training(record),
    };
  }

  async #training({ roundId, taskId }: VersionRecord): Promise<CardFacts["training"]> {
    if (roundId === null || taskId === null) return null;
    const found = await this.ports.store.getRound(roundId);
    const task = await this.ports.store.getTask(taskId);
    return found === undefined || task === undefined ? null : { round: found.round, config: task.config };
  }

  /** What a model is for does not change by training it; the parent's card knows it from its own parent. */
  async #inherited({ model, parentVersion }: VersionRecord): Promise<string | null> {
    if (parentVersion === null) return null;
    const parent = { model: model as ModelName, version: parentVersion };
    const said = purposeOf(await this.ports.store.listStatements(parent));
    if (said !== null) return said;
    const card = (await this.ports.store.listCards(parent)).at(-1)?.card;
    return card === undefined ? null : decodeModelCard(await this.ports.blobs.get(card.sha256)).purpose;
  }
}
