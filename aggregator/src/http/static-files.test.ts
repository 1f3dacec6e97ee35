import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createAppDouble, type AppDouble } from "./testing/app-double.js";

const root = mkdtempSync(join(tmpdir(), "fedge-static-"));
let app: AppDouble;

beforeAll(() => {
  mkdirSync(join(root, "page", "assets"), { recursive: true });
  writeFileSync(join(root, "page", "index.html"), "<!doctype html>");
  writeFileSync(join(root, "page", "assets", "main-1a2b.js"), "export {};");
  writeFileSync(join(root, "admin-token"), "secret");
  app = createAppDouble({ dashboardDirectory: join(root, "page"), allowOpenReads: false });
});

afterAll(() => rmSync(root, { recursive: true }));

test("the start page is served at the root, to everybody, and never cached for long", async () => {
  const response = await app.ask("/");

  expect([response.status, response.headers.get("Cache-Control")]).toEqual([200, "no-cache"]);
  expect(await response.text()).toBe("<!doctype html>");
});

test("a hashed file is cached for good and has its media type", async () => {
  const { headers } = await app.ask("/assets/main-1a2b.js");

  expect(headers.get("Cache-Control")).toContain("immutable");
  expect(headers.get("Content-Type")).toBe("text/javascript; charset=utf-8");
});

test.each([
  "/../admin-token",
  "/%2e%2e/admin-token",
  "/..%2fadmin-token",
  "/assets/..%2f..%2fadmin-token",
  "/%ff",
])("%s leads nowhere", async (path) => {
  expect((await app.ask(path)).status).toBe(404);
});

test("the interface comes before the files", async () => {
  expect((await app.ask("/v1/overview")).status).toBe(401);
});
