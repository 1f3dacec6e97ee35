import { FedgeError } from "@fedge/protocol";
import { modelList } from "../http/schema/model-schema.js";
import { aliasList } from "../http/schema/registry-schema.js";
import type { ServerClient } from "./server-client.js";

/** What a person names with `digits@3`, `digits@champion` or `digits`. */
export interface VersionTarget {
  readonly model: string;
  readonly version: number;
}

export const VERSION_ARGUMENT = "such as digits@3 or digits@champion; digits alone is its newest version";

export function modelPath(model: string): string {
  return `/v1/models/${encodeURIComponent(model)}`;
}

export function versionPath({ model, version }: VersionTarget): string {
  return `${modelPath(model)}/versions/${version}`;
}

/**
 * The version that a person names. `given` is that of a flag beside it.
 *
 * Throws OPTION_INVALID, ALIAS_UNKNOWN or MODEL_UNKNOWN.
 */
export async function versionTarget(
  client: ServerClient,
  name: string,
  given?: number,
): Promise<VersionTarget> {
  const at = name.lastIndexOf("@");
  if (at < 0) return { model: name, version: given ?? (await newestVersion(client, name)) };
  const [model, text] = [name.slice(0, at), name.slice(at + 1)];
  if (/^[a-z]/.test(text) && given === undefined)
    return { model, version: await aliasedVersion(client, model, text) };
  const version = Number(text);
  if (!/^[1-9]\d{0,8}$/.test(text) || (given ?? version) !== version) {
    throw new FedgeError("OPTION_INVALID", `"${name}" names no single version; write it as digits@3`);
  }
  return { model, version };
}

async function newestVersion(client: ServerClient, name: string): Promise<number> {
  const { models } = await client.get("/v1/models", modelList);
  const model = models.find((candidate) => candidate.model === name);
  if (model !== undefined) return model.latestVersion;
  throw new FedgeError(
    "MODEL_UNKNOWN",
    `there is no model ${name}; \`fedge model list\` shows those that exist`,
  );
}

async function aliasedVersion(client: ServerClient, model: string, alias: string): Promise<number> {
  const { aliases } = await client.get(`${modelPath(model)}/aliases`, aliasList, { limit: 1 });
  const found = aliases.find((known) => known.alias === alias);
  if (found !== undefined) return found.version;
  throw new FedgeError(
    "ALIAS_UNKNOWN",
    `model ${model} has no alias "${alias}"; see \`fedge model alias ${model}\``,
  );
}
