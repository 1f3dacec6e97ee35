import { FedgeError } from "@fedge/protocol";
import type { Context } from "hono";
import type { RegistryService } from "../../registry/registry-service.js";
import { decodeProfilePackage } from "../../registry/profiles/profile-package.js";
import { jsonRoute, rawRoute, type RouteHost } from "../route.js";
import { modelParams, pageQuery, versionParams } from "../schema/basic-schema.js";
import { evaluation } from "../schema/model-schema.js";
import {
  aliasBody,
  aliasList,
  aliasParams,
  aliasResult,
  attachResult,
  bundleResult,
  cardView,
  compareQuery,
  comparisonList,
  noteBody,
  retentionReport,
  riskBody,
  tagBody,
  verification,
  versionFacts,
} from "../schema/registry-schema.js";

export const BUNDLES_PATH = "/v1/bundles";
/** Where profiles with their golden rows are sent to. */
export const PROFILE_PATH = /^\/v1\/models\/[^/]+\/versions\/[^/]+\/profile$/;
const VERSION_PATH = "/v1/models/{model}/versions/{version}";

/** What the registry keeps of versions: names, cards, comparisons, proofs, bundles, retention. */
export function addRegistryRoutes(host: RouteHost, registry: RegistryService): void {
  addAliases(host, registry);
  addFacts(host, registry);
  addStatements(host, registry);
  addEvidence(host, registry);
  addBundles(host, registry);
  addProfiles(host, registry);
  addRetention(host, registry);
}

function addAliases(host: RouteHost, registry: RegistryService): void {
  jsonRoute(host, {
    method: "get",
    path: "/v1/models/{model}/aliases",
    tag: "registry",
    summary: "Names of a model's versions, and every move of them",
    access: "read",
    params: modelParams,
    query: pageQuery,
    result: aliasList,
    handle: ({ params, query }) => registry.aliases(params.model, query),
  });
  jsonRoute(host, {
    method: "post",
    path: "/v1/models/{model}/aliases/{alias}",
    tag: "registry",
    summary: "Move a name to a version; proposes only, devices run what rollouts say",
    access: "models",
    params: aliasParams,
    body: aliasBody,
    result: aliasResult,
    handle: async ({ params, body, actor }) => {
      const { version: toVersion, reason, expected } = body;
      const change = { ...params, toVersion, reason, actor };
      const move = await registry.moveAlias(expected === undefined ? change : { ...change, expected });
      return { move: move ?? null };
    },
  });
}

function addFacts(host: RouteHost, registry: RegistryService): void {
  jsonRoute(host, {
    method: "get",
    path: `${VERSION_PATH}/facts`,
    tag: "registry",
    summary: "Aliases, tags and what was said of a version",
    access: "read",
    params: versionParams,
    result: versionFacts,
    handle: ({ params }) => registry.facts(params),
  });
  jsonRoute(host, {
    method: "post",
    path: `${VERSION_PATH}/tags`,
    tag: "registry",
    summary: "Add and remove tags of a version",
    access: "models",
    params: versionParams,
    body: tagBody,
    result: versionFacts,
    handle: ({ params, body, actor }) => registry.changeTags(params, { ...body, actor }),
  });
}

function addStatements(host: RouteHost, registry: RegistryService): void {
  jsonRoute(host, {
    method: "post",
    path: `${VERSION_PATH}/notes`,
    tag: "registry",
    summary: "Add a note to a version; notes are never changed",
    access: "models",
    params: versionParams,
    body: noteBody,
    result: versionFacts,
    handle: ({ params, body, actor }) => registry.state(params, { kind: "note", text: body.text }, actor),
  });
  jsonRoute(host, {
    method: "post",
    path: `${VERSION_PATH}/purpose`,
    tag: "registry",
    summary: "Say what a version is for",
    access: "models",
    params: versionParams,
    body: noteBody,
    result: versionFacts,
    handle: ({ params, body, actor }) => registry.state(params, { kind: "purpose", text: body.text }, actor),
  });
  jsonRoute(host, {
    method: "post",
    path: `${VERSION_PATH}/risk`,
    tag: "registry",
    summary: "Set a version's risk class",
    access: "models",
    params: versionParams,
    body: riskBody,
    result: versionFacts,
    handle: ({ params, body, actor }) => registry.state(params, { kind: "risk", ...body }, actor),
  });
}

function addEvidence(host: RouteHost, registry: RegistryService): void {
  jsonRoute(host, {
    method: "get",
    path: `${VERSION_PATH}/card`,
    tag: "registry",
    summary: "Model card of a version, as JSON and as Markdown",
    access: "read",
    params: versionParams,
    result: cardView,
    handle: ({ params }) => registry.card(params),
  });
  jsonRoute(host, {
    method: "get",
    path: "/v1/models/{model}/compare",
    tag: "registry",
    summary: "Two versions on the same data: difference, 95 % interval, p-value, verdict",
    access: "read",
    params: modelParams,
    query: compareQuery,
    result: comparisonList,
    handle: async ({ params, query }) => ({ comparisons: await registry.compare(params.model, query) }),
  });
  addMeasure(host, registry);
  jsonRoute(host, {
    method: "post",
    path: `${VERSION_PATH}/verify`,
    tag: "registry",
    summary: "Make a version again from its round's journal and compare every byte",
    access: "models",
    params: versionParams,
    result: verification,
    handle: ({ params }) => registry.verify(params),
  });
}

function addMeasure(host: RouteHost, registry: RegistryService): void {
  jsonRoute(host, {
    method: "post",
    path: `${VERSION_PATH}/measure`,
    tag: "registry",
    summary: "Measure a version on the data that the aggregator holds now",
    access: "models",
    params: versionParams,
    result: evaluation,
    audit: ({ params: { model, version } }, measured) => ({
      action: "version.measure",
      subject: `${model}@${version}`,
      details: { accuracy: measured?.accuracy ?? null, loss: measured?.loss ?? null },
    }),
    handle: ({ params }) => registry.measure(params),
  });
}

function addProfiles(host: RouteHost, registry: RegistryService): void {
  rawRoute(host, {
    method: "post",
    path: `${VERSION_PATH}/profile`,
    tag: "registry",
    summary: "Make the next version out of the newest one and a reference profile with its golden rows",
    access: "models",
    params: versionParams,
    consumes: "application/octet-stream",
    produces: "application/json",
    result: attachResult,
    status: 201,
    respond: async ({ params, context, actor }) => {
      const given = decodeProfilePackage(new Uint8Array(await context.req.arrayBuffer()));
      const { model, version, manifest } = await registry.attachProfile(params, given, actor);
      return context.json({ model, version, manifestSha256: manifest.sha256 }, 201);
    },
  });
}

function addBundles(host: RouteHost, registry: RegistryService): void {
  rawRoute(host, {
    method: "get",
    path: `${VERSION_PATH}/bundle`,
    tag: "registry",
    summary: "A version with everything that belongs to it, as one tar file",
    access: "read",
    params: versionParams,
    produces: "application/x-tar",
    respond: async ({ params }) => {
      const fileName = `${params.model}-v${params.version}.tar`;
      return new Response(await registry.exportBundle(params), {
        headers: {
          "Content-Type": "application/x-tar",
          "Content-Disposition": `attachment; filename="${fileName}"`,
          "Cache-Control": "no-store",
        },
      });
    },
  });
  rawRoute(host, {
    method: "post",
    path: BUNDLES_PATH,
    tag: "registry",
    summary: "Import a bundle: the version keeps its number and its bytes",
    access: "models",
    consumes: "application/octet-stream",
    produces: "application/json",
    result: bundleResult,
    status: 201,
    respond: async ({ context, actor }) => {
      const { record, isNew } = await registry.importBundle(await bytesOf(context), actor);
      const { model, version, manifest } = record;
      return context.json({ model, version, manifestSha256: manifest.sha256, isNew }, 201);
    },
  });
}

/** A form or a plain-text body is what a foreign page can send without asking first. */
async function bytesOf(context: Context): Promise<Uint8Array> {
  if (context.req.header("Content-Type") !== "application/octet-stream") {
    const message = "send the bundle with `Content-Type: application/octet-stream`";
    throw new FedgeError("MESSAGE_MALFORMED", message);
  }
  return new Uint8Array(await context.req.arrayBuffer());
}

function addRetention(host: RouteHost, registry: RegistryService): void {
  jsonRoute(host, {
    method: "get",
    path: "/v1/retention",
    tag: "registry",
    summary: "The retention policy, and what a run of it would delete now",
    access: "read",
    result: retentionReport,
    handle: () => registry.planRetention(),
  });
  jsonRoute(host, {
    method: "post",
    path: "/v1/retention",
    tag: "registry",
    summary: "Apply the retention policy now",
    access: "models",
    result: retentionReport,
    handle: ({ actor }) => registry.runRetention(actor),
  });
}
