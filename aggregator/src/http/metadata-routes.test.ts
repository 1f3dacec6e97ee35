import { describe, expect, test } from "vitest";
import { createAppDouble } from "./testing/app-double.js";

const HASH = "a1".repeat(32);
const bytes = new TextEncoder().encode("{}");

/** A server that lets nobody read without a token, and has one file and one target. */
function openApp() {
  return createAppDouble({
    allowOpenReads: false,
    signedMetadata: {
      newestRoot: () => Promise.reject(new Error("nobody enrols here")),
      file: (name) => Promise.resolve(["timestamp.json", "2.root.json"].includes(name) ? bytes : undefined),
      target: (path) => Promise.resolve(path === `models/digits/3/${HASH}.manifest.json` ? bytes : undefined),
    },
  });
}

describe("signed metadata", () => {
  test.each([
    ["/v1/metadata/timestamp.json", "no-store"],
    ["/v1/metadata/2.root.json", "public, max-age=31536000, immutable"],
    [`/v1/metadata/targets/models/digits/3/${HASH}.manifest.json`, "public, max-age=31536000, immutable"],
  ])("are for everybody, without a token: %s", async (path, cache) => {
    const response = await openApp().ask(path);

    expect([response.status, response.headers.get("Cache-Control"), await response.text()]).toEqual([
      200,
      cache,
      "{}",
    ]);
  });

  test.each(["/v1/metadata/3.root.json", `/v1/metadata/targets/models/digits/4/${HASH}.manifest.json`])(
    "that are not published are not found: %s",
    async (path) => {
      const response = await openApp().ask(path);

      expect([response.status, await response.json()]).toEqual([
        404,
        { error: expect.objectContaining({ code: "TARGET_UNKNOWN" }) as unknown },
      ]);
    },
  );

  test.each([
    "/v1/metadata/..%2fadmin-token",
    "/v1/metadata/keys.PEM",
    "/v1/metadata/targets/models/digits/3/manifest.json",
  ])("have no names but their own: %s", async (path) => {
    expect((await openApp().ask(path)).status).toBe(400);
  });
});
