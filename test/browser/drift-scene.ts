import type { DeviceId, TaskId } from "@fedge/protocol";
import { VERDICTS, type FeatureValue } from "@fedge/protocol/profile";
import { Alerts } from "../../aggregator/src/drift/alerts/alerts.js";
import { checkDriftPolicy } from "../../aggregator/src/drift/drift-policy.js";
import { DriftMonitoring } from "../../aggregator/src/drift/drift-monitoring.js";
import { RefusedWindows } from "../../aggregator/src/drift/intake/refused-windows.js";
import {
  deviceOf,
  openDriftForTest,
  textOf,
  type OpenedDrift,
} from "../../aggregator/src/drift/testing/open-drift.js";
import { countsOf, seededNormal } from "../../aggregator/src/drift/testing/simulated-device.js";
import type { VersionRecord } from "../../aggregator/src/rounds/journal.js";
import type { DatabaseStore } from "../../aggregator/src/store/drizzle-store.js";
import { openEmbeddedStore } from "../../aggregator/src/store/embedded-store.js";
import { SHOP } from "./drift-profile.js";

const HOUR_MS = 3_600_000;
const TRAINING = { begin: async (alertId: string) => `retrain-${alertId}` as TaskId };
const NUM_DEVICES = 90;
const NUM_ROWS = 30;
const POLICY = { minDevices: 20, graceMs: 0, cohortAttributes: ["platform", "region"] };

/** What is the matter in a window. */
export interface Weather {
  /** Baskets of phones are larger, by so many standard deviations. */
  readonly basketShift?: number;
  /** Share of customers of a country that the reference does not know. */
  readonly newCountry?: number;
  /** Share of ages that are missing. */
  readonly missingAges?: number;
  /** Of nine labelled predictions of each device. */
  readonly numRight?: number;
  readonly numDevices?: number;
}

/**
 * The server's side of drift over a real store, fed with the messages that devices send: everything behind the page but the
 * network. Time is the scene's own, so that a day passes in seconds; it ends at the present hour.
 */
export class DriftScene {
  readonly #chance = seededNormal("shop");
  readonly #count = countsOf(SHOP);

  private constructor(
    private readonly store: DatabaseStore,
    private readonly drift: OpenedDrift,
    readonly monitoring: DriftMonitoring,
  ) {}

  static async open(numWindows: number): Promise<DriftScene> {
    const store = await openEmbeddedStore({ directory: null });
    const startMs = (Math.floor(Date.now() / HOUR_MS) - numWindows) * HOUR_MS;
    const policy = checkDriftPolicy(POLICY);
    const counters = { count: () => undefined, observe: () => undefined };
    const nowMs = (): number => drift.clock.nowMs();
    const shared = { store: store.drift, policy, nowMs, counters };
    const alerts = new Alerts({
      ...shared,
      training: TRAINING,
      hasWebhook: false,
      onDeliveries: () => undefined,
    });
    const refused = new RefusedWindows();
    const drift = await openDriftForTest({
      ...{ store, monitored: SHOP, policy: POLICY, startMs, alerts, refused, device: shopDevice },
    });
    const control = {
      listModels: async () => [SHOP.model],
      latestVersion: async () => ({ version: SHOP.version }) as VersionRecord,
      countDevices: async () => ({
        ...{ total: 100, byPresence: {}, untrusting: {}, byServing: { "digits@3": 96 } },
      }),
      pastReleases: async () => deploysAt(startMs),
    };
    const versions = { of: async (_: string, version: number) => (version === SHOP.version ? SHOP : null) };
    return new DriftScene(
      store,
      drift,
      new DriftMonitoring({ ...shared, control, versions, alerts, refused }),
    );
  }

  /** Devices count an hour and send it, the hour ends, and its window is released. */
  async nextWindow(weather: Weather = {}): Promise<void> {
    const { drift, monitoring } = this;
    for (let device = 0; device < (weather.numDevices ?? NUM_DEVICES); device += 1) {
      const vector = textOf(this.#vector(device, weather));
      const message = drift.message([], { vector, replicate: device % 32 });
      await drift.intake.take(nameOf(device), message);
    }
    drift.clock.advance(HOUR_MS);
    await drift.closer.closeDue();
    monitoring.changed(SHOP.model);
  }

  /** A window that comes too late, and one in another layout. */
  async sendStrays(): Promise<void> {
    const { drift } = this;
    await drift.intake.take(nameOf(0), drift.message([], { window: drift.window() - 4 }));
    const foreign = drift.message([], { layoutSha256: "f".repeat(64) });
    await drift.intake.take(nameOf(1), foreign).catch(() => undefined);
  }

  async close(): Promise<void> {
    await this.drift.closer.close();
    await this.store.close();
  }

  #vector(device: number, weather: Weather): Uint32Array {
    const { uniform } = this.#chance;
    const vector = this.#count(NUM_ROWS, (_row, feature) => this.#value(device, feature, weather));
    const isMoved = platformOf(device) === "browser" && (weather.basketShift ?? 0) > 0;
    const { verdict, localPsi } = SHOP.layout;
    vector.fill(0, verdict.at, verdict.at + verdict.size);
    vector[verdict.at + VERDICTS.indexOf(isMoved ? "drift" : uniform() < 0.1 ? "warning" : "ok")] = 1;
    vector.fill(0, localPsi.at, localPsi.at + localPsi.size);
    vector[localPsi.at + (isMoved ? 5 : Math.floor(3 * uniform()))] = 1;
    noteOutcomes(vector, weather.numRight ?? 8);
    return vector;
  }

  #value(device: number, feature: number, weather: Weather): FeatureValue {
    const { normal, uniform } = this.#chance;
    const { basketShift = 0, newCountry = 0, missingAges = 0 } = weather;
    switch (SHOP.profile.features[feature]?.name) {
      case "basket":
        return normal() + (platformOf(device) === "browser" ? basketShift : 0);
      case "country":
        return uniform() < newCountry ? "BR" : countryAt(uniform());
      case "age":
        return uniform() < missingAges ? null : normal();
      default:
        return normal();
    }
  }
}

/** Nine of thirty predictions have a label, in the cells of a device's vector. */
function noteOutcomes(vector: Uint32Array, numRight: number): void {
  const { latency, scores, labels, delays, confusion, shadow, contributors } = SHOP.layout;
  vector[latency.at + 5] = NUM_ROWS;
  // Rows, sum of scores in thousandths, labelled, right: of scores between 0.6 and 0.7, and of those above 0.9.
  vector.set([10, 6500, 3, Math.min(2, numRight)], scores.at + 6 * 4);
  vector.set([20, 19_000, 6, Math.max(0, numRight - 2)], scores.at + 9 * 4);
  // Labelled, right, right within the first three, log loss in hundredths, squares.
  vector.set([9, numRight, 9, 9 * (numRight < 8 ? 90 : 35), 0], labels.at);
  vector[delays.at + 8] = 9;
  vector[confusion.at] = numRight;
  vector[confusion.at + 1] = 9 - numRight;
  // Both right, only served, only shadow, neither; agreed, differed, failed.
  vector.set([3, 2, 1, 3, 20, 8, 2], shadow.at);
  vector.set([1, 1, 1], contributors.at);
}

function countryAt(chance: number): string {
  return chance < 0.5 ? "DE" : chance < 0.75 ? "FR" : chance < 0.9 ? "PL" : "SE";
}

function nameOf(device: number): DeviceId {
  return `device-${device}` as DeviceId;
}

function platformOf(device: number): string {
  return device % 2 === 0 ? "browser" : "node";
}

/** Two platforms; three regions, of which one is too small to be shown, so that another may not be either. */
function shopDevice(deviceId: DeviceId) {
  const device = Number(deviceId.split("-")[1]);
  const region = device % 15 === 0 ? "apac" : device % 3 === 0 ? "us" : "eu";
  return { ...deviceOf(deviceId, platformOf(device)), attributes: { region } };
}

function deploysAt(startMs: number) {
  const release = { model: SHOP.model, version: 3 };
  return [
    { ...release, releaseCounter: 3, releasedAtMs: startMs + 5.2 * HOUR_MS, rolloutId: null },
    { ...release, releaseCounter: 2, releasedAtMs: startMs + 2.5 * HOUR_MS, rolloutId: "digits-3-staged" },
    { ...release, version: 2, releaseCounter: 1, releasedAtMs: startMs - 90 * HOUR_MS, rolloutId: null },
  ];
}
