import type { DeviceId } from "@fedge/protocol";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createAppDouble, type AppDouble } from "../http/testing/app-double.js";
import { driftFeature, driftModel, driftModels } from "../http/schema/drift-schema.js";
import type { VersionRecord } from "../rounds/journal.js";
import type { DatabaseStore } from "../store/drizzle-store.js";
import { openEmbeddedStore } from "../store/embedded-store.js";
import { Alerts } from "./alerts/alerts.js";
import { checkDriftPolicy } from "./drift-policy.js";
import { DriftMonitoring } from "./drift-monitoring.js";
import { RefusedWindows } from "./intake/refused-windows.js";
import { NO_TRAINING } from "./testing/no-training.js";
import { openDriftForTest, textOf, type OpenedDrift } from "./testing/open-drift.js";
import { normalFeature, sampleMonitored } from "./testing/sample-profile.js";
import { countsOf, seededNormal } from "./testing/simulated-device.js";
import { Deliveries } from "./webhook/deliveries.js";
import { httpWebhook, signatureOf } from "./webhook/webhook-target.js";

const NUM_DEVICES = 60;
const SECRET = "a secret of the test";
const features = [
  normalFeature("age"),
  normalFeature("height"),
  normalFeature("weight"),
  normalFeature("pulse"),
];
const monitored = sampleMonitored({ features });

interface Called {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let store: DatabaseStore;
let drift: OpenedDrift;
let app: AppDouble;
let deliveries: Deliveries;
let monitoring: DriftMonitoring;
const calls: Called[] = [];
/** What the target answers, first to last; 200 afterwards. */
const statuses: number[] = [];
const { normal } = seededNormal("devices");

const target = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    calls.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
    response.writeHead(statuses.shift() ?? 200, { Location: "http://127.0.0.1:1/" }).end();
  });
});

beforeAll(async () => {
  store = await openEmbeddedStore({ directory: null });
  await new Promise<void>((resolve) => target.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(target.address() as AddressInfo).port}/hook`;
  const policy = checkDriftPolicy({ minDevices: 20 });
  const counters = { count: () => undefined, observe: () => undefined };
  const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const nowMs = (): number => drift.clock.nowMs();
  const shared = { store: store.drift, policy, nowMs, counters };
  const refused = new RefusedWindows();
  const alerts = new Alerts({
    ...shared,
    training: NO_TRAINING,
    hasWebhook: true,
    onDeliveries: () => undefined,
  });
  drift = await openDriftForTest({
    store,
    monitored,
    policy: { minDevices: 20, graceMs: 0 },
    alerts,
    platformOf,
    refused,
  });
  const control = {
    listModels: async () => [monitored.model],
    latestVersion: async () => ({ version: monitored.version }) as VersionRecord,
    countDevices: async () => ({ total: 60, byPresence: {}, untrusting: {}, byServing: { "digits@3": 60 } }),
    pastReleases: async () => [],
  };
  const versions = { of: async () => monitored };
  monitoring = new DriftMonitoring({ ...shared, control, versions, alerts, refused });
  deliveries = new Deliveries({
    ...{ store: store.drift, clock: drift.clock, counters, logger },
    target: httpWebhook({ url, secret: SECRET }, nowMs),
  });
  app = createAppDouble({ drift: monitoring });
}, 120_000);

afterAll(async () => {
  app.http.close();
  await drift.closer.close();
  await deliveries.close();
  await store.close();
  target.close();
}, 60_000);

function platformOf(deviceId: DeviceId): string {
  return Number(deviceId.split("-")[1]) % 2 === 0 ? "node" : "browser";
}

/** Every device counts 40 rows of the reference's distribution, with `age` moved by so many standard deviations. */
async function nextWindow(shift: number, numDevices = NUM_DEVICES): Promise<void> {
  const count = countsOf(monitored);
  for (let device = 0; device < numDevices; device += 1) {
    const vector = textOf(count(40, (_row, at) => normal() + (at === 0 ? shift : 0)));
    await drift.intake.take(
      `device-${device}` as DeviceId,
      drift.message([], { vector, replicate: device % 32 }),
    );
  }
  drift.clock.advance(3_600_000);
  await drift.closer.closeDue();
  await deliveries.wake();
}

async function csv(path: string): Promise<string[]> {
  const response = await app.ask(path, { headers: { Accept: "text/csv" } });
  expect(response.headers.get("Content-Type")).toBe("text/csv; charset=utf-8");
  return (await response.text()).trimEnd().split("\r\n");
}

async function verdict(): Promise<unknown> {
  const { models } = driftModels.parse(await (await app.ask("/v1/drift/models")).json());
  return models.map((model) => [model.model, model.verdict, model.release?.numDevices ?? null]);
}

const openAlerts = async () => store.drift.listAlerts({ isOpen: true, limit: 10 });

/* One story; each test goes on where the one before ended. */
describe("a fleet whose ages rise and fall again", { timeout: 60_000 }, () => {
  test("is learning before its first window, then well", async () => {
    expect(await verdict()).toEqual([["digits", "learning", null]]);
    await nextWindow(0);
    expect(await verdict()).toEqual([["digits", "ok", NUM_DEVICES]]);
  });

  test("warns in the first window of a change, and is in drift in the second, which is told once", async () => {
    statuses.push(500, 302);
    await nextWindow(1);
    expect(await verdict()).toEqual([["digits", "warning", NUM_DEVICES]]);
    expect(calls).toEqual([]);
    await nextWindow(1);
    await nextWindow(1);
    drift.clock.advance(60_000);
    await deliveries.wake();
    await nextWindow(1);

    expect(await verdict()).toEqual([["digits", "drift", NUM_DEVICES]]);
    expect((await openAlerts()).map(({ evidence }) => [evidence.kind, evidence.feature])).toEqual([
      ["drift", "age"],
    ]);
    // Refused with 500, then sent elsewhere, then taken: one chain of attempts for one event.
    const ids = calls.map(({ headers }) => headers["x-fedge-delivery"]);
    expect(ids).toEqual(Array(3).fill(ids[0]));
    const { headers, body } = calls.at(-1) as Called;
    const atMs = Number(/t=(\d+)/.exec(String(headers["x-fedge-signature"]))?.[1]);
    expect(headers["x-fedge-signature"]).toBe(signatureOf(body, SECRET, atMs));
    expect(JSON.parse(body)).toMatchObject({ type: "alert-opened", alert: { model: "digits" } });
    expect(body).not.toContain("device-");
  });

  test("is shown with its windows so far, and with what was refused and why", async () => {
    const late = drift.message([], { window: drift.window() - 3 });
    await drift.intake.take("device-0" as DeviceId, late);
    const foreign = drift.message([], { layoutSha256: "f".repeat(64) });
    const refusal = drift.intake.take("device-0" as DeviceId, foreign);
    await expect(refusal).rejects.toMatchObject({ code: "VECTOR_LAYOUT_MISMATCH" });

    const model = driftModel.parse(await (await app.ask("/v1/drift/models/digits")).json());

    expect(model.recent.map(({ verdict: said }) => said)).toEqual([
      "ok",
      "warning",
      "drift",
      "drift",
      "drift",
    ]);
    // The present window's end, and as long again for its counts to come.
    expect(model.nextReleaseAtMs).toBe((drift.window() + 2) * 3_600_000);
    expect(model.refused.map(({ reason, numWindows }) => [reason, numWindows])).toEqual([
      ["late", 1],
      ["layout", 1],
    ]);
    expect(model.layouts).toEqual([{ version: 3, layoutSha256: monitored.profile.layoutSha256 }]);
  });

  test("a cohort that there is not is answered with those that are shown, the whole fleet by its words", async () => {
    const answer = await app.ask("/v1/drift/models/digits/features?cohort=region%3Deu");

    expect(await answer.text()).toMatch(
      /has no cohort \\"region=eu\\"; it shows the whole fleet, platform=browser, platform=node/,
    );
  });

  test.each(["", "&window=1"])(
    "a model's cohort that no release names is not found, as its features are not%s",
    async (window) => {
      const paths = ["/v1/drift/models/digits", "/v1/drift/models/digits/features"];
      const answers = await Promise.all(paths.map((path) => app.ask(`${path}?cohort=region%3Deu${window}`)));
      const codes = await Promise.all(
        answers.map(
          async (answer) =>
            ((await answer.json()) as { readonly error: { readonly code: string } }).error.code,
        ),
      );

      expect(answers.map(({ status }) => status)).toEqual([404, 404]);
      expect(codes).toEqual(["DATA_MISSING", "DATA_MISSING"]);
    },
  );

  test("a model's cohort that releases name is answered also for a window that has nothing of it", async () => {
    const answer = await app.ask("/v1/drift/models/digits?cohort=platform%3Dnode&window=1");

    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ cohorts: [], outcomes: null });
  });

  test("a heat map of a cohort that no release names is not there", async () => {
    expect((await app.ask("/v1/drift/models/digits/windows?cohort=platform%3Dtv")).status).toBe(404);
    expect((await app.ask("/v1/drift/models/digits/windows?cohort=platform%3Dnode")).status).toBe(200);
  });

  test("shows everything that it takes to compute a score again", async () => {
    const path = "/v1/drift/models/digits/features/age";
    const feature = driftFeature.parse(await (await app.ask(path)).json());
    const score = feature.scores.find(({ method, weighting }) => method === "psi" && weighting === "rows");
    const [n, m] = [50_000, NUM_DEVICES * 40];
    const psi = feature.cells.reduce((sum, { reference, rows }) => {
      const [p, q] = [reference / n || 1e-4, rows / m || 1e-4];
      return sum + (q - p) * Math.log(q / p);
    }, 0);

    expect(score?.score).toBeCloseTo(psi, 10);
    expect(score).toMatchObject({ numRows: m, numReferenceRows: n, numDevices: NUM_DEVICES, logBase: "e" });
    expect(feature.cohorts.map(({ cohort }) => cohort)).toEqual(["", "platform=browser", "platform=node"]);
    expect(feature.mix[0]).toMatchObject({ attribute: "platform", mix: 0 });
    const lines = await csv(path);
    expect(lines).toHaveLength(1 + feature.cells.length + feature.scores.length);
  });

  test("is shown as features, as windows by features, and as alerts, in CSV too", async () => {
    const rows = await csv("/v1/drift/models/digits/features");
    expect(rows.map((line) => line.split(",")[0])).toEqual([
      "feature",
      "age",
      ...rows.slice(2).map((line) => line.split(",")[0]),
    ]);
    expect(await csv("/v1/drift/models/digits/windows")).toHaveLength(1 + 5 * features.length);
    expect(await csv("/v1/drift/alerts")).toHaveLength(2);
    expect(await csv("/v1/drift/models")).toHaveLength(2);
  });

  test("ends its alarm after two windows without the change, and says so once", async () => {
    const before = calls.length;
    await nextWindow(0);
    expect(await openAlerts()).toHaveLength(1);
    await nextWindow(0);
    await nextWindow(0);

    expect(await openAlerts()).toEqual([]);
    const told = calls.slice(before).map(({ body }) => (JSON.parse(body) as { type: string }).type);
    expect(told).toEqual(["alert-resolved"]);
    expect(await verdict()).toEqual([["digits", "ok", NUM_DEVICES]]);
  });

  test("that falls silent is missed, and a person's acts are kept", async () => {
    await nextWindow(0, 30);
    const [alert] = await openAlerts();
    expect(alert?.evidence).toMatchObject({ kind: "silent-fleet", numDevices: 30 });
    const path = `/v1/drift/alerts/${alert?.alertId}`;
    const post = (name: string, body = {}) =>
      app.ask(`${path}/${name}`, {
        ...{ method: "POST", body: JSON.stringify(body) },
        headers: { "Content-Type": "application/json", Authorization: "Bearer admin-token-of-the-test" },
      });

    const changes: string[] = [];
    monitoring.onChanged((model) => changes.push(model));
    expect((await post("ack?revision=0")).status).toBe(200);
    expect(changes).toEqual(["digits"]);
    // Somebody who has not seen that it was taken on.
    expect((await post("resolve?revision=0")).status).toBe(409);
    expect((await post("silence", { forMs: 3_600_000 })).status).toBe(200);
    expect((await post("proposal", { confirm: true })).status).toBe(409);
    expect((await post("false-alarm")).status).toBe(200);
    expect((await post("ack")).status).toBe(409);
    const kept = await store.drift.getAlert(alert?.alertId ?? "");
    expect(kept).toMatchObject({ state: "resolved", owner: "admin-token", falseAlarmBy: "admin-token" });
    expect(kept?.revision).toBe(3);
    expect(kept?.lastDeed).toMatchObject({ deed: "false-alarm", by: "admin-token" });
  });
});
