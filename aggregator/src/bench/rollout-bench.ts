import type { BenchResult } from "./result.js";
import { measureRollout, type RolloutMeasures } from "./rollout/measure-rollout.js";

const NUM_DEVICES = 10_000;
const BARE = "the broker library alone";
/** A rollout, on the disk with all its reports, may cost so many times what the same messages do over the bare broker. */
const RELEASE_BAR = 30;
/** After an order to stop, seconds until the last device hears of what was stopped. */
const STOP_BAR_SECONDS = 2;

/**
 * A version rolled out at once to ten thousand connected devices that answer as real ones do; then all of them rolled
 * back; then a rollout that is paused while devices are told, and aborted.
 *
 * Devices are clients of a real `fedge serve` over TCP, in this process; they install nothing and verify nothing.
 */
export async function benchRollout(): Promise<BenchResult[]> {
  return resultsOf(await measureRollout(NUM_DEVICES));
}

function resultsOf(measures: RolloutMeasures): BenchResult[] {
  const { bare, release, rollback, numDevices } = measures;
  const fleet = `${numDevices.toLocaleString("en")} devices`;
  return [
    { name: BARE, value: bare.seconds, unit: "s" },
    {
      ...{ name: `release acknowledged by ${fleet}`, value: release.seconds, unit: "s" },
      ...{ versus: BARE, ratio: release.seconds / bare.seconds },
    },
    { name: "release: last device told", value: release.lastToldSeconds, unit: "s" },
    { name: "release: documents heard", value: release.numDocuments, unit: "documents" },
    {
      ...{ name: `rollback acknowledged by ${fleet}`, value: rollback.seconds, unit: "s" },
      ...{ versus: BARE, ratio: rollback.seconds / bare.seconds },
    },
    ...costs(measures),
    ...stops(measures),
  ];
}

function costs(measures: RolloutMeasures): BenchResult[] {
  const { bare, release, rollback, memory, connectSeconds, numDevices } = measures;
  const ratio = release.cpuSeconds / bare.cpuSeconds;
  const per1000 = 1000 / numDevices;
  const cpu = { unit: "CPU s / 1,000 devices" };
  const bytes = { unit: "MB / 1,000 devices" };
  const megabytes = (end: number): number => ((end - memory.empty) / 1e6) * per1000;
  return [
    { ...cpu, name: `${BARE}, CPU`, value: bare.cpuSeconds * per1000 },
    {
      ...{ ...cpu, name: "release, CPU of the server", value: release.cpuSeconds * per1000 },
      ...{ versus: BARE, ratio, bar: RELEASE_BAR, pass: ratio <= RELEASE_BAR },
    },
    { ...cpu, name: "rollback, CPU of the server", value: rollback.cpuSeconds * per1000 },
    { ...bytes, name: "memory with all connected", value: megabytes(memory.connected) },
    { ...bytes, name: "memory after three rollouts", value: megabytes(memory.end) },
    { name: "memory without devices", value: memory.empty / 1e6, unit: "MB" },
    { name: "connecting, and installing the first version", value: connectSeconds, unit: "s" },
  ];
}

function stops({ stop }: RolloutMeasures): BenchResult[] {
  const seconds = stop.lastToldAfterMs / 1000;
  return [
    { name: "pause: in flight at the order", value: stop.numInFlight, unit: "devices" },
    { name: "pause: answered", value: stop.answerMs / 1000, unit: "s" },
    { name: "pause: told after the order", value: stop.numToldAfter, unit: "devices" },
    {
      ...{ name: "pause: last device told", value: seconds, unit: "s" },
      ...{ bar: STOP_BAR_SECONDS, pass: seconds <= STOP_BAR_SECONDS },
    },
    { name: "abort: last device called back", value: stop.abortSeconds, unit: "s" },
  ];
}
