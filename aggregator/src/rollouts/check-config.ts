import { FedgeError } from "@fedge/protocol";
import { COMPARED_METRICS } from "./compared-metrics.js";
import type { DeviceFilter } from "../fleet/filter/device-filter.js";
import type { ControlStore } from "../store/port.js";
import { checkWindows, hasLapsed } from "./maintenance-windows.js";
import type { RolloutConfig } from "./rollout-config.js";
import { versionsOf } from "./rollout-state.js";
import { waveFilters } from "./wave-members.js";

/** Throws OPTION_INVALID, FILTER_INVALID, MODEL_UNKNOWN or VERSION_UNKNOWN for a plan that could not be carried out. */
export async function checkConfig(
  config: RolloutConfig,
  control: Pick<ControlStore, "getVersion" | "latestVersion">,
  compile: (filter: string) => DeviceFilter,
): Promise<void> {
  waveFilters(config, compile);
  for (const { segment } of config.gates.metrics) if (segment !== undefined) compile(segment);
  checkWindows(config.schedule.windows);
  checkSchedule(config.schedule);
  checkTimers(config);
  checkShares(config);
  checkKind(config);
  const { model } = config;
  if ((await control.latestVersion(model)) === undefined)
    throw new FedgeError("MODEL_UNKNOWN", `there is no model "${model}"; see \`fedge model list\``);
  for (const version of versionsOf(config))
    if ((await control.getVersion(model, version)) === undefined)
      throw new FedgeError("VERSION_UNKNOWN", `model ${model} has no version ${version}; list its versions`);
}

/** Waves of the whole rollout only grow: a device that has the version is not left out again. */
function checkShares({ waves }: RolloutConfig): void {
  const names = new Set(waves.map(({ name }) => name));
  if (names.size !== waves.length) throw invalid("two waves have the same name; give each its own");
  let largest = 0;
  for (const { name, percent, filter } of waves) {
    if (filter !== undefined) continue;
    if (percent < largest)
      throw invalid(
        `wave "${name}" has ${percent} %, less than the ${largest} % before it; shares only grow`,
      );
    largest = percent;
  }
}

function checkSchedule({ startAtMs, endAtMs = null, windows }: RolloutConfig["schedule"]): void {
  if (endAtMs === null) return;
  if (startAtMs !== null && endAtMs <= startAtMs)
    throw invalid("the schedule ends before it starts; give a later end");
  if (startAtMs !== null && hasLapsed({ windows, endAtMs }, startAtMs))
    throw invalid("no maintenance window opens between the schedule's start and its end; give a later end");
}

/** Throws OPTION_INVALID for a schedule that is over already: such a rollout would be aborted as soon as it starts. */
export function requireFutureEnd({ schedule }: RolloutConfig, nowMs: number): void {
  const { endAtMs = null } = schedule;
  if (endAtMs !== null && endAtMs <= nowMs)
    throw invalid("the schedule's end has passed already; give a later end");
}

function checkTimers({ waves, analysis }: RolloutConfig): void {
  const { waveTimeoutMs = Number.POSITIVE_INFINITY } = analysis;
  const wave = waves.find(({ soakMs }) => soakMs >= waveTimeoutMs);
  if (wave !== undefined)
    throw invalid(`wave "${wave.name}" soaks longer than the ${waveTimeoutMs} ms that every wave has`);
}

function checkKind(config: RolloutConfig): void {
  const { kind, arms, version, comparison } = config;
  const isCompared = kind === "ab" || kind === "bandit";
  if (!isCompared) {
    if (arms !== undefined) throw invalid(`arms are for the kinds ab and bandit; this rollout is a ${kind}`);
    return;
  }
  if (arms === undefined || comparison === undefined)
    throw invalid(`the kind ${kind} needs arms and a comparison that are stated before it starts`);
  if (arms[0] !== version)
    throw invalid(`the version of the kind ${kind} is the first of its arms, the control`);
  if (new Set(arms).size !== arms.length) throw invalid("every arm is another version");
  if (!isShare(comparison.metric))
    throw invalid(
      `"${comparison.metric}" is nothing that arms are compared by; take ${COMPARED_METRICS.join(", ")} or proxy:NAME`,
    );
  if (kind === "ab" && arms.length !== 2) throw invalid("the kind ab compares two arms; a bandit takes more");
}

/** What an arm's devices count as so many of so many; other metrics have gates, but no test of two proportions. */
function isShare(metric: string): boolean {
  return COMPARED_METRICS.some((known) => known === metric) || /^proxy:[a-z0-9_.-]{1,48}$/.test(metric);
}

function invalid(message: string): FedgeError {
  return new FedgeError("OPTION_INVALID", message);
}
