import {
  FAULTS,
  FOUND_FAULTS,
  Rehearsal,
  auditOf,
  rehearseFault,
  type Fault,
  type FoundFault,
  type RehearsalOptions,
} from "@fedge/aggregator/rehearsal";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";

/*
 * Broken candidates on a live fleet: real devices in worker threads, whose people use them, real signing, broker, database
 * and accounts. The devices evaluate each candidate on their own examples. Where its weights are bad, that is the end of it.
 * Where they are better than the fleet's and the graph that serves them is broken, as by a bad export, no evaluation can
 * see it: the auto-pilot proposes the candidate, a person approves it, and the first wave finds out.
 */
const NUM_DEVICES = 15;
const NUM_PILOTS = 6;
const OPTIONS: RehearsalOptions = { numDevices: NUM_DEVICES, numWorkers: 2, rounds: 4, seed: "1" };

/** What came of it is printed: seconds from the first device that had the fault to the last that has it no more. */
function printed(text: string): void {
  process.stdout.write(`${text}\n`);
}

function open(options: RehearsalOptions): Promise<Rehearsal> {
  return Rehearsal.open(options, { tell: () => undefined, signal: new AbortController().signal });
}

describe("a broken candidate on a live fleet", () => {
  let rehearsal: Rehearsal;
  let good = 0;
  let weights = 0;

  beforeAll(async () => {
    rehearsal = await open(OPTIONS);
    await rehearsal.begin();
    ({ version: good } = await rehearsal.train());
    const { state } = await rehearsal.ended(await rehearsal.launch(good, { fault: null }));
    expect(state).toBe("completed");
    await rehearsal.restored(1, good);
    weights = await rehearsal.trainOn();
  }, 360_000);
  afterAll(() => rehearsal.close());

  const WHY_NOT: Readonly<Record<FoundFault, RegExp>> = {
    nan: /worse against version \d+ on \d+ devices its loss is no finite number/,
    throws: /too few devices could evaluate it: 0 devices answered; .*; \d+ failed/,
    worse: /worse against version \d+/,
    segment: /worse against version \d+/,
  };

  test.each(FOUND_FAULTS)(
    "%s: is stopped before any rollout where a device's own examples show it, and the audit log says why",
    async (fault) => {
      const { version, isProposed } = await rehearsal.candidates.badlyTrained(fault, weights);
      const { reasons, isWhole } = await auditOf(rehearsal.opened.base.audit, version);
      printed(`${fault} in the weights: ${reasons.join("; ")}`);

      expect({ isProposed, isWhole, tried: rehearsal.exposure.encounters(version) }).toEqual({
        ...{ isProposed: false, isWhole: true, tried: [] },
      });
      expect(reasons).toHaveLength(1);
      expect(reasons[0]).toMatch(/^autopilot rollout.not-proposed: /);
      expect(reasons[0]).toMatch(WHY_NOT[fault]);
    },
  );

  const WHY: Readonly<Record<Fault, RegExp>> = {
    nan: /reports failed/,
    throws: /reports failed/,
    slow: /reports failed/,
    memory: /reports failed/,
    worse: /prediction-error.*worse beyond chance/,
    segment: /prediction-error \(attribute.segment == sevens\).*worse beyond chance/,
  };
  const DEVICES_SAY: Readonly<Partial<Record<Fault, RegExp>>> = {
    nan: /predictions failed/,
    throws: /could not be loaded|could not load|model/,
    slow: /times as long as with the version before/,
    memory: /memory grew by \d+ bytes/,
  };

  test.each(FAULTS)(
    "%s: reaches the first wave and no more, and every device serves the version before again",
    async (fault) => {
      const result = await rehearseFault(rehearsal, { fault, good, weights, numDevices: NUM_DEVICES });
      const { exposed, numTried, secondsToRestored, state, reason, deviceReasons, version } = result;
      printed(
        `${fault}: ${exposed.length} devices exposed, restored after ${secondsToRestored} s; ${reason}`,
      );

      expect(state).toBe("rolled-back");
      expect(reason).toMatch(WHY[fault]);
      expect(numTried).toBeLessThanOrEqual(NUM_PILOTS);
      expect(fault === "throws" ? exposed : []).toEqual([]);
      expect(new Set(rehearsal.exposure.serving.values())).toEqual(new Set([good]));
      expect(deviceReasons.join("\n")).toMatch(DEVICES_SAY[fault] ?? /^/);
      const audit = await auditOf(rehearsal.opened.base.audit, version);
      expect(audit.isWhole).toBe(true);
      expect(audit.reasons).toContainEqual(`system rollout.rolling-back: ${reason}`);
      expect(audit.reasons.some((entry) => entry.startsWith("bob rollout.approve"))).toBe(true);
    },
  );
});

describe("a broken candidate and no server any more", () => {
  let rehearsal: Rehearsal;

  /** A fleet whose rollout of a broken candidate begins. */
  async function exposedTo(fault: Fault, probation: object): Promise<number> {
    rehearsal = await open({ ...OPTIONS, rounds: 1 });
    await rehearsal.begin();
    const { version: weights } = await rehearsal.train();
    const version = await rehearsal.candidates.badlyExported(fault, weights);
    rehearsal.cutOffAt(version);
    const { config } = await rehearsal.proposed(version);
    const install = {
      ...config.install!,
      stateDeadlineMs: 8000,
      probation: { ...config.install!.probation, ...probation },
    };
    await rehearsal.launch(version, { fault, install });
    await rehearsal.serving(version, 1);
    await rehearsal.closeServer();
    return version;
  }

  afterEach(() => rehearsal.close());

  test("devices in probation heal alone when it answers with what is no number", async () => {
    const version = await exposedTo("nan", {});
    await rehearsal.restored(version, 1);
    printed(`nan without a server: restored after ${rehearsal.exposure.secondsToRestored(version)} s`);

    const reasons = rehearsal.exposure.exposed(version).map(({ reason }) => reason);
    expect(reasons.length).toBeLessThanOrEqual(NUM_PILOTS);
    expect(reasons.every((reason) => /predictions failed/.test(reason ?? ""))).toBe(true);
  });

  test("a version after which no server can be reached goes back at the end of its probation", async () => {
    const trial = { allowsOffline: false, minPredictions: 5, deadlineMs: 6000, maxLatencyRatio: 1e6 };
    const version = await exposedTo("worse", trial);
    await rehearsal.restored(version, 1);
    printed(`worse without a server: restored after ${rehearsal.exposure.secondsToRestored(version)} s`);

    const reasons = rehearsal.exposure.exposed(version).map(({ reason }) => reason);
    expect(reasons.length).toBeLessThanOrEqual(NUM_PILOTS);
    expect(reasons.every((reason) => /no message of the server came/.test(reason ?? ""))).toBe(true);
  });
});
