import type { ModelName } from "@fedge/protocol";
import type { ControlStore } from "../../store/port.js";
import type { VersionRecord } from "../../rounds/journal.js";

/** Says who needs a version right now, in words for people; empty when nobody does. */
export type VersionHolder = (record: VersionRecord) => Promise<readonly string[]>;

/** Rounds that are open train their base version. */
export function openRounds(store: Pick<ControlStore, "listTasks" | "openRoundOf">): VersionHolder {
  return async ({ model, version }) => {
    const holders: string[] = [];
    for (const { config, status } of await store.listTasks()) {
      if (config.model !== model || (status !== "running" && status !== "paused")) continue;
      const open = await store.openRoundOf(config.taskId);
      if (open?.round.baseVersion === version) holders.push(`round ${open.round.roundId}`);
    }
    return holders;
  };
}

/** Whoever has its manifest kept at the broker for devices. */
export function publishedBlobs(publisher: {
  readonly ownersOf: (sha256: string) => readonly string[];
}): VersionHolder {
  return ({ manifest }) => Promise.resolve(publisher.ownersOf(manifest.sha256));
}

/** What the fleet is told to run, and what devices say they serve. */
export function fleetUse(store: Pick<ControlStore, "currentReleases" | "countDevices">): VersionHolder {
  return async ({ model, version }) => {
    const releases = await store.currentReleases();
    const isReleased = releases.some((release) => release.model === model && release.version === version);
    const numServing = (await servedVersions(store, model as ModelName)).get(version) ?? 0;
    return [
      ...(isReleased ? ["the release"] : []),
      ...(numServing > 0 ? [`${numServing} devices that serve it`] : []),
    ];
  };
}

/** Versions of a model that devices say they serve, with the number of those devices. */
export async function servedVersions(
  store: Pick<ControlStore, "countDevices">,
  model: ModelName,
): Promise<ReadonlyMap<number, number>> {
  const { byServing } = await store.countDevices();
  const prefix = `${model}@`;
  const served = Object.entries(byServing).filter(([name]) => name.startsWith(prefix));
  return new Map(served.map(([name, numDevices]) => [Number(name.slice(prefix.length)), numDevices]));
}
