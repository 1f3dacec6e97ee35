import type { OverviewData } from "../data/fleet-state.js";
import { Card } from "../parts/card.js";
import { ShareList, type Share } from "../parts/share-list.js";
import { formatCount } from "../text/format.js";

const PRESENCES = ["online", "sleeping", "offline", "lost"] as const;
/** Served versions that get a line of their own; the rest share one. */
const MAX_VERSIONS = 4;

/** Who is here and what they serve. */
export function FleetCard({ overview }: { readonly overview: OverviewData }) {
  const { fleet } = overview;
  const presences = PRESENCES.map((name) => ({
    name,
    value: fleet.byPresence[name] ?? 0,
    colour: `presence-${name}`,
  }));
  const serving = servedVersions(fleet.byServing);
  return (
    <Card title="Fleet" className="span-4" testId="fleet-card" aside={`${formatCount(fleet.total)} enrolled`}>
      <ShareList shares={presences} label="Devices by presence" />
      <h3 className="sub-title">Serving</h3>
      {serving.length === 0 ? (
        <p className="quiet">No device serves a model yet.</p>
      ) : (
        <ShareList shares={serving} label="Devices by served version" />
      )}
    </Card>
  );
}

function servedVersions(byServing: OverviewData["fleet"]["byServing"]): readonly Share[] {
  const rows = Object.entries(byServing)
    .map(([name, value]) => ({ name: name.replace("@", " v"), value, number: versionOf(name) }))
    .sort((a, b) => b.number - a.number);
  const shown = rows
    .slice(0, MAX_VERSIONS)
    .map(({ name, value }) => ({ name, value, colour: "serving-version" }));
  const rest = rows.slice(MAX_VERSIONS).reduce((sum, row) => sum + row.value, 0);
  return rest === 0 ? shown : [...shown, { name: "older versions", value: rest, colour: "serving-older" }];
}

function versionOf(served: string): number {
  return Number(served.slice(served.lastIndexOf("@") + 1));
}
