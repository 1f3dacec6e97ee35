import { describe, expect, test } from "vitest";
import { ADMIN_TOKEN, DEVICE_TOKEN, createAppDouble } from "./testing/app-double.js";
import { SAMPLE_TASK, sampleTask } from "./testing/sample-data.js";

const JSON_TYPE = { "Content-Type": "application/json" };

async function createTask(headers: Record<string, string>): Promise<number> {
  const body = JSON.stringify(sampleTask());
  return (await createAppDouble().ask("/v1/tasks", { method: "POST", body, headers })).status;
}

describe("who may call", () => {
  test("creating a task needs the admin token even where reads are open", async () => {
    expect(await createTask(JSON_TYPE)).toBe(401);
  });

  test("a device token does not manage", async () => {
    expect(await createTask({ ...JSON_TYPE, Authorization: `Bearer ${DEVICE_TOKEN}` })).toBe(401);
  });

  test("reads need the admin token where they are not open", async () => {
    const { ask } = createAppDouble({ allowOpenReads: false });

    const without = await ask("/v1/overview");
    const withToken = await ask("/v1/overview", { headers: { Authorization: `Bearer ${ADMIN_TOKEN}` } });

    expect([without.status, without.headers.get("WWW-Authenticate"), withToken.status]).toEqual([
      401,
      'Bearer realm="fedge"',
      200,
    ]);
  });

  test.each(["/v1/events", "/metrics", "/v1/tasks", "/v1/devices", "/v1/models"])(
    "%s is not open to strangers where reads are not",
    async (path) => {
      expect((await createAppDouble({ allowOpenReads: false }).ask(path)).status).toBe(401);
    },
  );

  test("liveness is open", async () => {
    expect((await createAppDouble({ allowOpenReads: false }).ask("/healthz")).status).toBe(200);
  });
});

describe("foreign web pages", () => {
  async function statusFor(headers: Record<string, string>, allowedHosts: string[] = []): Promise<number> {
    return (await createAppDouble({ allowedHosts }).ask("/v1/overview", { headers })).status;
  }

  test("a name that was rebound to this server is refused", async () => {
    expect(await statusFor({ Host: "evil.example" })).toBe(403);
  });

  test.each(["127.0.0.1:8787", "localhost:8787", "demo.localhost", "[::1]:8787", "192.168.1.20:8787"])(
    "%s is this server",
    async (host) => {
      expect(await statusFor({ Host: host })).toBe(200);
    },
  );

  test("a configured name is this server, in any case", async () => {
    expect(await statusFor({ Host: "Fedge.Corp.example:8787" }, ["fedge.corp.example"])).toBe(200);
  });

  test("an action that another origin sends is refused even with the token", async () => {
    const { ask, service } = createAppDouble();
    await service.createTask(sampleTask());
    const headers = { Authorization: `Bearer ${ADMIN_TOKEN}`, Origin: "https://evil.example" };

    const response = await ask(`/v1/tasks/${SAMPLE_TASK}/stop`, { method: "POST", headers });

    expect([response.status, service.tasks[0]?.status]).toEqual([403, "running"]);
  });

  test("JSON that a form could send is refused", async () => {
    const status = await createTask({ "Content-Type": "text/plain", Authorization: `Bearer ${ADMIN_TOKEN}` });

    expect(status).toBe(400);
  });

  test("answers forbid framing, sniffing and foreign scripts", async () => {
    const { headers } = await createAppDouble().ask("/v1/overview");

    expect(headers.get("X-Frame-Options")).toBe("DENY");
    expect(headers.get("X-Content-Type-Options")).toBe("nosniff");
    expect(headers.get("Content-Security-Policy")).toMatch(/script-src 'self'(;|$)/);
  });
});
