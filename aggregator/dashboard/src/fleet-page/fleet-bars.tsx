import type { OverviewData } from "../data/fleet-state.js";
import { Card } from "../parts/card.js";
import { ShareList } from "../parts/share-list.js";
import { formatCount } from "../text/format.js";
import { servedByModel } from "./served-versions.js";

const PRESENCES = ["online", "sleeping", "offline", "lost"] as const;

type Fleet = OverviewData["fleet"];

export function PresenceCard({ fleet }: { readonly fleet: Fleet }) {
  const shares = PRESENCES.map((name) => ({
    name,
    value: fleet.byPresence[name] ?? 0,
    colour: `presence-${name}`,
  }));
  return (
    <Card
      title="Presence"
      className="span-4"
      testId="presence-card"
      aside={`${formatCount(fleet.total)} enrolled`}
    >
      <ShareList shares={shares} label="Devices by presence" />
    </Card>
  );
}

/** Devices by the version that they serve, model by model. */
export function VersionsCard(props: { readonly fleet: Fleet; readonly models: OverviewData["models"] }) {
  const models = servedByModel(props.fleet.byServing);
  const releasedOf = new Map(
    props.models.map(({ model, releasedVersion }) => [model as string, releasedVersion]),
  );
  return (
    <Card title="Versions in the fleet" className="span-8" testId="versions-card">
      {models.length === 0 ? (
        <p className="table-empty">No device serves a model yet.</p>
      ) : (
        <div className="model-bars">
          {models.map(({ model, shares }) => (
            <div key={model}>
              <h3 className="sub-title">
                {model}
                <span className="quiet">{releasedText(releasedOf.get(model) ?? null)}</span>
              </h3>
              <ShareList shares={shares} label={`Devices by version of ${model}`} />
            </div>
          ))}
        </div>
      )}
    </Card>
  );
}

function releasedText(version: number | null): string {
  return version === null ? "" : `version ${version} is released`;
}
