import { LATENCY_BINS, type DeviceId, type ServingMetrics } from "@fedge/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RolloutId } from "../../../rollouts/rollout-config.js";
import type { RolloutEvent } from "../../../rollouts/rollout-state.js";
import { MachineDriver, devicesOf, sampleConfig } from "../../../rollouts/testing/sample-rollout.js";
import type { DatabaseStore } from "../../drizzle-store.js";
import { namesOf, sampleVersion } from "../sample-records.js";

/** What every rollout store does. One store serves all tests, each under names of its own. */
export function describeRolloutStore(name: string, open: () => Promise<DatabaseStore>): void {
  describe(`rollout store on ${name}`, () => {
    let database: DatabaseStore;
    let tests = 0;
    beforeAll(async () => {
      database = await open();
    }, 120_000);
    afterAll(() => database.close(), 60_000);

    const newId = (): RolloutId => `rollout-${(tests += 1)}` as RolloutId;
    const created = (rolloutId: RolloutId): RolloutEvent => {
      const config = { ...sampleConfig(), rolloutId };
      return { type: "created", atMs: 1000, actor: "ada", config, fallbackVersion: 1, isReturn: false };
    };
    const device = "device-1" as DeviceId;
    const seen: RolloutEvent = { type: "seen", atMs: 2000, deviceId: device, serves: 3 };
    const target = {
      deviceId: device,
      wave: 0,
      state: "told",
      attempt: 1,
      code: null,
      message: null,
    } as const;
    const entry = { draft: { actor: "ada", action: "x.change", subject: "x", details: {} }, atMs: 1 };
    const metrics = (change: Partial<ServingMetrics> = {}): ServingMetrics => ({
      ...{
        type: "serving-metrics",
        model: namesOf("metrics").model,
        version: 3,
        releaseCounter: 1,
        installation: 2,
      },
      ...{
        numPredictions: 10,
        numErrors: 1,
        numCrashes: 0,
        numFallbacks: 0,
        latency: Array(LATENCY_BINS).fill(0),
      },
      ...{ numLabelled: 0, numWrong: 0, proxies: {}, numWindows: 0, numDriftWindows: 0 },
      ...change,
    });

    test("a journal is read back in its order, event by event", async () => {
      const rolloutId = newId();
      await database.rollouts.append({
        rolloutId,
        firstSeq: 0,
        events: [created(rolloutId)],
        targets: [],
        audit: [],
      });
      await database.rollouts.append({
        rolloutId,
        firstSeq: 1,
        events: [seen, seen],
        targets: [],
        audit: [],
      });

      const rollouts = await database.rollouts.loadRollouts();

      expect(rollouts.find((each) => each.rolloutId === rolloutId)?.events).toEqual([
        created(rolloutId),
        seen,
        seen,
      ]);
    });

    test("after a snapshot only the events since are read, and the state comes back field by field", async () => {
      const driver = new MachineDriver({ ...sampleConfig(), rolloutId: newId() }).started(devicesOf(5));
      driver.reports(devicesOf(2), "committed");
      driver.report(devicesOf(3)[2]!, "failed", { code: "INSTALL_TIMED_OUT", message: "grüße" });
      const { rolloutId } = driver.state.config;
      const append = (firstSeq: number, events: readonly RolloutEvent[]) =>
        database.rollouts.append({ rolloutId, firstSeq, events, targets: [], audit: [] });
      await append(0, driver.journal);
      const { length: numEvents } = driver.journal;

      await database.rollouts.saveSnapshot(rolloutId, { state: driver.state, numEvents, isRetired: false });
      await append(numEvents, [seen]);

      const kept = await database.rollouts.loadRollout(rolloutId);
      expect(kept).toMatchObject({ snapshot: { numEvents, isRetired: false }, events: [seen] });
      const { targets, ...head } = kept!.snapshot!.state;
      const { targets: expected, ...expectedHead } = driver.state;
      expect(head).toEqual(expectedHead);
      expect([...targets.entries()].sort()).toEqual([...expected.entries()].sort());
    });

    test("of a retired rollout a start reads neither devices nor events, unless something happened since", async () => {
      const driver = new MachineDriver({ ...sampleConfig(), rolloutId: newId() }).started(devicesOf(5));
      const { rolloutId } = driver.state.config;
      const { length: numEvents } = driver.journal;
      const append = (firstSeq: number, events: readonly RolloutEvent[]) =>
        database.rollouts.append({ rolloutId, firstSeq, events, targets: [], audit: [] });
      const loaded = async () =>
        (await database.rollouts.loadRollouts()).find((each) => each.rolloutId === rolloutId);
      await append(0, driver.journal);
      await database.rollouts.saveSnapshot(rolloutId, { state: driver.state, numEvents, isRetired: true });

      const retired = await loaded();
      await append(numEvents, [seen]);
      const awake = await loaded();

      expect([retired?.events, retired?.snapshot?.state.targets.size]).toEqual([[], 0]);
      expect([awake?.events, awake?.snapshot?.state.targets.size]).toEqual([[seen], 5]);
    });

    test("a baseline is what devices had counted at its time, once, and goes with a device that is forgotten", async () => {
      const rolloutId = newId();
      const of = { model: metrics().model, version: 41, atMs: 5000 };
      const say = (deviceId: string, numErrors: number) =>
        database.rollouts.saveMetrics({
          ...{ deviceId: deviceId as DeviceId, receivedAtMs: 4000 },
          metrics: metrics({ version: 41, numErrors }),
        });
      await database.rollouts.append({
        rolloutId,
        firstSeq: 0,
        events: [created(rolloutId)],
        targets: [],
        audit: [],
      });
      expect(await database.rollouts.baselineOf(rolloutId)).toBeUndefined();
      await say("base-1", 1);
      await say("base-2", 2);
      await database.rollouts.saveBaseline(rolloutId, of);
      await say("base-1", 9);
      await database.rollouts.saveBaseline(rolloutId, { ...of, atMs: 9000 });
      await database.rollouts.deleteMetrics("base-2" as DeviceId);

      expect(await database.rollouts.baselineOf(rolloutId)).toEqual({
        atMs: 5000,
        records: [
          { deviceId: "base-1", receivedAtMs: 4000, metrics: metrics({ version: 41, numErrors: 1 }) },
        ],
      });
    });

    test("a rollout that exists cannot be made again", async () => {
      const rolloutId = newId();
      const first = { rolloutId, firstSeq: 0, events: [created(rolloutId)], targets: [], audit: [] };
      await database.rollouts.append(first);

      await expect(database.rollouts.append(first)).rejects.toMatchObject({ code: "ROLLOUT_STATE_CONFLICT" });
    });

    test("a second writer of the same number is refused, and its targets are not written", async () => {
      const rolloutId = newId();
      await database.rollouts.append({
        rolloutId,
        firstSeq: 0,
        events: [created(rolloutId)],
        targets: [],
        audit: [],
      });
      await database.rollouts.append({ rolloutId, firstSeq: 1, events: [seen], targets: [], audit: [] });
      const late = { ...target, deviceId: `late-${tests}` as DeviceId, changedAtMs: 1 };

      const second = database.rollouts.append({
        rolloutId,
        firstSeq: 1,
        events: [seen],
        targets: [late],
        audit: [],
      });

      await expect(second).rejects.toMatchObject({ code: "VERSION_CONFLICT" });
      expect(await database.rollouts.targetsOf(late.deviceId)).toEqual([]);
    });

    test("what the audit log says of events is written with them, or not at all", async () => {
      const rolloutId = newId();
      const draft = { actor: "ada", action: "rollout.create", subject: rolloutId, details: {} };
      const audit = [{ draft, atMs: 1000 }];
      const first = { rolloutId, firstSeq: 0, events: [created(rolloutId)], targets: [], audit };
      await database.rollouts.append(first);

      await expect(database.rollouts.append(first)).rejects.toMatchObject({ code: "ROLLOUT_STATE_CONFLICT" });

      const entries = await database.listAudit({ limit: 1000, offset: 0 });
      const mine = entries.filter(({ subject }) => subject === rolloutId);
      expect(mine).toMatchObject([{ ...draft, atMs: 1000 }]);
    });

    test("a device's newest state in each rollout is its timeline, newest first", async () => {
      const deviceId = `timeline-${tests}` as DeviceId;
      const [one, other] = [newId(), newId()];
      for (const [rolloutId, changedAtMs] of [
        [one, 10],
        [other, 20],
      ] as const)
        await database.rollouts.append({
          ...{ rolloutId, firstSeq: 0, events: [created(rolloutId)] },
          targets: [{ ...target, deviceId, changedAtMs }],
          audit: [],
        });
      const ended = { ...target, deviceId, state: "committed", changedAtMs: 30 } as const;
      await database.rollouts.append({
        rolloutId: one,
        firstSeq: 1,
        events: [seen],
        targets: [ended],
        audit: [],
      });

      expect(await database.rollouts.targetsOf(deviceId)).toEqual([
        { ...ended, rolloutId: one },
        { ...target, deviceId, changedAtMs: 20, rolloutId: other },
      ]);
    });

    test("ten thousand devices are one transaction", { timeout: 60_000 }, async () => {
      const rolloutId = newId();
      const devices = Array.from({ length: 10_000 }, (_, at) => `many-${at}` as DeviceId);
      const targets = devices.map((deviceId) => ({ ...target, deviceId, changedAtMs: 5 }));
      const opened = { type: "wave-opened", atMs: 5, wave: 0, devices, numMatching: 10_000 } as const;

      await database.rollouts.append({
        rolloutId,
        firstSeq: 0,
        events: [created(rolloutId), opened],
        targets,
        audit: [],
      });

      expect(await database.rollouts.targetsOf("many-9999" as DeviceId)).toHaveLength(1);
      await database.rollouts.erase(rolloutId, entry);
      expect(await database.rollouts.targetsOf("many-9999" as DeviceId)).toEqual([]);
    });

    test("what many devices serve is noted in one write, and their other models stay", async () => {
      const [ana, bo] = [`ana-${(tests += 1)}`, `bo-${tests}`] as DeviceId[];
      for (const deviceId of [ana!, bo!])
        await database.enrolDevice({ deviceId, publicKey: deviceId, atMs: 100 });
      const words = { version: 2, manifestSha256: null };
      const pictures = { version: 1, manifestSha256: null };
      await database.updateDevice(ana!, { serving: { pictures }, lastSeenAtMs: 900 });

      const change = { serving: { words }, lastSeenAtMs: 800 };
      const devices = [ana!, bo!, "nowhere" as DeviceId];
      await database.noteServing(devices.map((deviceId) => ({ deviceId, ...change })));

      const both = { serving: { words, pictures }, lastSeenAtMs: 900 };
      expect(await database.getDevice(ana!)).toMatchObject(both);
      expect(await database.getDevice(bo!)).toMatchObject(change);
    });

    test("a rollout's release has the next counter, and is the fleet's only once it is promoted", async () => {
      const names = namesOf(`rollout-release-${(tests += 1)}`);
      await database.commitVersion({ version: sampleVersion(names), round: null });
      const { version } = sampleVersion(names);
      const first = await database.release(names.model, version, 1);
      const wanted = {
        model: names.model,
        version,
        rolloutId: newId(),
        purpose: "forward",
        atMs: 2,
      } as const;

      const reserved = await database.rollouts.reserveRelease(wanted);

      const current = async () =>
        (await database.currentReleases()).find(({ model }) => model === names.model);
      expect(reserved.releaseCounter).toBe(first.releaseCounter + 1);
      expect((await current())?.releaseCounter).toBe(first.releaseCounter);
      await database.rollouts.promoteRelease(reserved.releaseCounter);
      expect((await current())?.releaseCounter).toBe(reserved.releaseCounter);
      expect(await database.rollouts.recentVersions(names.model, 5)).toEqual([version, version]);
    });

    test("counts replace those before; those of an older installation that come late do not", async () => {
      const record = { deviceId: device, metrics: metrics(), receivedAtMs: 1 };
      await database.rollouts.saveMetrics(record);
      await database.rollouts.saveMetrics({
        ...record,
        metrics: metrics({ numPredictions: 20 }),
        receivedAtMs: 2,
      });
      await database.rollouts.saveMetrics({
        ...record,
        metrics: metrics({ installation: 1 }),
        receivedAtMs: 3,
      });

      expect(await database.rollouts.listMetrics(metrics().model, 3)).toEqual([
        { deviceId: device, metrics: metrics({ numPredictions: 20 }), receivedAtMs: 2 },
      ]);
      await database.rollouts.deleteMetrics(device);
      expect(await database.rollouts.listMetrics(metrics().model, 3)).toEqual([]);
    });

    test("groups are saved, changed and deleted by name", async () => {
      await database.rollouts.saveGroup({ name: "pilots", filter: "tag == pilot", changedAtMs: 1 }, entry);
      await database.rollouts.saveGroup({ name: "pilots", filter: "tag == crew", changedAtMs: 2 }, entry);
      expect(await database.rollouts.listGroups()).toEqual([
        { name: "pilots", filter: "tag == crew", changedAtMs: 2 },
      ]);

      await database.rollouts.deleteGroup("pilots", entry);
      expect(await database.rollouts.listGroups()).toEqual([]);
    });
  });
}
