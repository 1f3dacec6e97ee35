import { FedgeError, numScalars, type ModelManifest, type ModelName } from "@fedge/protocol";
import type { PageRequest } from "../store/port.js";
import type { VersionRecord } from "../rounds/journal.js";
import type { ModelView, VersionView } from "../service.js";
import { loadVersion } from "../tasks/version-maker.js";
import type { RegistryPorts } from "./import-model.js";

/** Reads of the registry, joined with what the fleet serves and how versions were measured. */
export class RegistryViews {
  constructor(private readonly ports: RegistryPorts) {}

  async models(): Promise<ModelView[]> {
    const models = await this.ports.store.listModels();
    return Promise.all(models.map((model) => this.#model(model)));
  }

  async versions(model: ModelName, page?: PageRequest): Promise<VersionView[]> {
    await this.#latest(model);
    const versions = await this.ports.store.listVersions(model, page);
    return this.#views(model, versions);
  }

  async version(
    model: ModelName,
    number: number,
  ): Promise<{ version: VersionView; manifest: ModelManifest }> {
    const record = await this.record(model, number);
    requireKept(record);
    const [version] = await this.#views(model, [record]);
    if (version === undefined) throw new FedgeError("INTERNAL", "a version without a view");
    return { version, manifest: (await loadVersion(this.ports.blobs, record)).manifest };
  }

  /** Throws MODEL_UNKNOWN or VERSION_UNKNOWN. */
  async record(model: ModelName, number: number): Promise<VersionRecord> {
    const record = await this.ports.store.getVersion(model, number);
    if (record !== undefined) return record;
    const latest = await this.#latest(model);
    throw new FedgeError(
      "VERSION_UNKNOWN",
      `model "${model}" has no version ${number}; the latest is ${latest.version}`,
    );
  }

  async #model(model: ModelName): Promise<ModelView> {
    const latest = await this.#latest(model);
    const { manifest } = await loadVersion(this.ports.blobs, latest);
    const releases = await this.ports.store.currentReleases();
    return {
      model,
      latestVersion: latest.version,
      releasedVersion: releases.find((release) => release.model === model)?.version ?? null,
      numParameters: numScalars(manifest.parameters),
      loss: manifest.loss ?? null,
    };
  }

  async #views(model: ModelName, versions: readonly VersionRecord[]): Promise<VersionView[]> {
    const evaluations = await this.ports.store.listEvaluations(model);
    const { byServing } = await this.ports.store.countDevices();
    const releases = await this.ports.store.currentReleases();
    const released = releases.find((release) => release.model === model)?.version;
    return versions.map((version) => ({
      ...version,
      evaluations: evaluations.filter((evaluation) => evaluation.version === version.version),
      numServing: byServing[`${model}@${version.version}`] ?? 0,
      released: version.version === released,
    }));
  }

  async #latest(model: ModelName): Promise<VersionRecord> {
    const latest = await this.ports.store.latestVersion(model);
    if (latest === undefined)
      throw new FedgeError("MODEL_UNKNOWN", `there is no model "${model}"; see \`fedge model list\``);
    return latest;
  }
}

/** Throws VERSION_UNKNOWN for a version whose bytes the retention policy deleted. */
export function requireKept({ model, version, deletedAtMs }: VersionRecord): void {
  if (deletedAtMs === null) return;
  throw new FedgeError(
    "VERSION_UNKNOWN",
    `${model}@${version} was deleted by the retention policy; \`fedge model card ${model}@${version}\` shows what it was`,
    { details: { deletedAtMs } },
  );
}
