import { describe, expect, test } from "vitest";
import { ADMIN_TOKEN, DEVICE_TOKEN, createAppDouble } from "./testing/app-double.js";

const VERSION = "/v1/models/digits/versions/1";
const CHANGES = [
  "/v1/models/digits/aliases/champion",
  `${VERSION}/tags`,
  `${VERSION}/notes`,
  `${VERSION}/purpose`,
  `${VERSION}/risk`,
  `${VERSION}/verify`,
  "/v1/bundles",
  "/v1/retention",
];

function post(path: string, body: unknown, token: string | null = ADMIN_TOKEN) {
  const { ask, registry } = createAppDouble();
  const headers = {
    "Content-Type": "application/json",
    ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
  };
  const answered = ask(path, { method: "POST", body: JSON.stringify(body), headers });
  return { answered, registry: registry };
}

describe("the registry over HTTP", () => {
  test.each(CHANGES)("%s is not for strangers, even where reads are open", async (path) => {
    expect((await post(path, {}, null).answered).status).toBe(401);
  });

  test.each(CHANGES)("%s is not for devices", async (path) => {
    expect((await post(path, {}, DEVICE_TOKEN).answered).status).toBe(401);
  });

  test("an alias is moved with its reason", async () => {
    const { answered, registry } = post("/v1/models/digits/aliases/champion", { version: 1, reason: "won" });

    expect((await answered).status).toBe(200);
    expect(registry.moves).toMatchObject([
      { alias: "champion", toVersion: 1, actor: "admin-token", reason: "won" },
    ]);
  });

  test("a move without a reason is refused, naming the field", async () => {
    const response = await post("/v1/models/digits/aliases/champion", { version: 1 }).answered;

    expect(response.status).toBe(400);
    expect(await response.text()).toContain('\\"reason\\"');
  });

  test("a risk class of another name is refused", async () => {
    expect((await post(`${VERSION}/risk`, { riskClass: "none" }).answered).status).toBe(400);
  });

  test("tags and notes come back with the version's facts", async () => {
    const response = await post(`${VERSION}/tags`, { add: ["eu"] }).answered;

    expect(await response.json()).toEqual({ aliases: [], tags: ["eu"], statements: [] });
  });

  test("a comparison is asked for with both versions", async () => {
    const { ask } = createAppDouble();
    const missing = await ask("/v1/models/digits/compare?a=1");
    const whole = await ask("/v1/models/digits/compare?a=1&b=2");

    expect([missing.status, whole.status]).toEqual([400, 200]);
    expect(await whole.json()).toMatchObject({ comparisons: [{ verdict: "better", dataSet: "held-out" }] });
  });

  test("a bundle is downloaded as a tar file", async () => {
    const response = await createAppDouble().ask(`${VERSION}/bundle`);

    expect(response.headers.get("Content-Type")).toBe("application/x-tar");
    expect(response.headers.get("Content-Disposition")).toBe('attachment; filename="digits-v1.tar"');
    expect(await response.text()).toBe("a bundle");
  });

  test("a bundle that a form could send is refused", async () => {
    const { ask } = createAppDouble();
    const headers = { "Content-Type": "text/plain", Authorization: `Bearer ${ADMIN_TOKEN}` };

    expect((await ask("/v1/bundles", { method: "POST", body: "x", headers })).status).toBe(400);
  });

  test("reading the retention plan deletes nothing", async () => {
    const { ask, registry } = createAppDouble();

    const plan: unknown = await (await ask("/v1/retention")).json();

    expect(plan).toMatchObject({ isDone: false, policy: { keepNewest: 50 } });
    expect(registry.numRetentionRuns).toBe(0);
  });
});
