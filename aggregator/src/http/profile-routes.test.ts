import type { ModelName } from "@fedge/protocol";
import type { ReferenceProfile } from "@fedge/protocol/profile";
import { beforeAll, describe, expect, test } from "vitest";
import { buildProfile } from "../drift/profiles/build-profile.js";
import { draftFeatures } from "../drift/profiles/feature-drafts.js";
import { encodeProfilePackage } from "../registry/profiles/profile-package.js";
import { ADMIN_TOKEN, createAppDouble } from "./testing/app-double.js";
import { sampleVersion } from "./testing/sample-data.js";

let profile: ReferenceProfile;
beforeAll(async () => {
  const built = await buildProfile({
    ...{ model: "digits" as ModelName, shape: null, predict: null, origin: "a test", seed: "s" },
    drafts: draftFeatures(null, { fields: ["age"], hasLabel: false, hasOutputs: false }),
    data: async function* batches() {
      yield await Promise.resolve({ numRows: 2, inputs: {}, label: null, fields: [{ age: 1 }, { age: 2 }] });
    },
  });
  profile = { ...built.profile, reviewedBy: "ada" };
});

function send(path: string, body: Uint8Array<ArrayBuffer>) {
  const app = createAppDouble();
  app.service.versions = [sampleVersion(1, 0.9)];
  const headers = { "Content-Type": "application/octet-stream", Authorization: `Bearer ${ADMIN_TOKEN}` };
  return { answered: app.ask(path, { method: "POST", body, headers }), app };
}

describe("a profile over HTTP", () => {
  const VERSION = "/v1/models/digits/versions/1/profile";

  test("makes the next version, by whoever sent it", async () => {
    const { answered, app } = send(VERSION, encodeProfilePackage({ profile, golden: null }, null));

    expect((await answered).status).toBe(201);
    expect(await (await answered).json()).toMatchObject({ model: "digits", version: 2 });
    expect(app.registry.actors).toEqual(["admin-token"]);
  });

  test("is refused as it stands when nobody reviewed it", async () => {
    const unread = encodeProfilePackage({ profile: { ...profile, reviewedBy: null }, golden: null }, null);

    const response = await send(VERSION, unread).answered;

    expect(await response.json()).toMatchObject({ error: { code: "PROFILE_INVALID" } });
    expect(response.status).toBe(422);
  });

  test("is refused when it is no package", async () => {
    const response = await send(VERSION, Uint8Array.of(1, 2, 3)).answered;

    expect([response.status, await response.json()]).toMatchObject([
      422,
      { error: { code: "TENSORS_MALFORMED" } },
    ]);
  });

  test("comes with the model that it is of", async () => {
    const onnx = Uint8Array.of(8, 7, 6);
    const { answered, app } = send(
      "/v1/models?model=digits&body=profile-package",
      encodeProfilePackage({ profile, golden: null }, onnx),
    );

    expect((await answered).status).toBe(201);
    expect(app.service.imports).toMatchObject([
      { model: "digits", onnx, profile: { profile, golden: null } },
    ]);
  });

  test("without a model is no import", async () => {
    const body = encodeProfilePackage({ profile, golden: null }, null);

    const response = await send("/v1/models?model=digits&body=profile-package", body).answered;

    expect(await response.json()).toMatchObject({ error: { code: "MESSAGE_MALFORMED" } });
  });
});
