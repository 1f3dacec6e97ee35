import type { RolloutData } from "../data/api-types.js";
import { Badge } from "../parts/badge.js";
import { formatAgo, formatCount } from "../text/format.js";
import { RolloutActions } from "./rollout-actions.js";
import { rolloutCounts } from "./rollout-counts.js";
import { ROLLOUT_TONES, stateText } from "./rollout-looks.js";

/** What is rolled out, where it stands and why, and the buttons. */
export function RolloutHead(props: {
  readonly rollout: RolloutData;
  readonly nowMs: number;
  readonly onChanged: (rollout: RolloutData) => void;
  readonly onDeleted: (rolloutId: RolloutData["rolloutId"]) => void;
}) {
  const { rollout, nowMs } = props;
  const { config } = rollout;
  return (
    <section className="card span-12 rollout-head" aria-labelledby="rollout-title" data-testid="rollout-head">
      <div className="rollout-title">
        <h2 id="rollout-title">
          {config.model} version {config.version}
        </h2>
        <span role="status" data-testid="rollout-state">
          <Badge tone={ROLLOUT_TONES[rollout.state]}>{stateText(rollout)}</Badge>
        </span>
        {config.kind !== "release" && <Badge tone="quiet">{config.kind}</Badge>}
      </div>
      <p className="rollout-reason" data-testid="rollout-reason">
        {rollout.reason}
      </p>
      {config.note !== "" && <p className="rollout-note">“{config.note}”</p>}
      <dl className="facts">
        {factsOf(rollout, nowMs).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <RolloutActions {...props} />
    </section>
  );
}

function factsOf(rollout: RolloutData, nowMs: number): readonly (readonly [string, string])[] {
  const { config, fallbackVersion, releaseCounter } = rollout;
  const counts = rolloutCounts(rollout);
  return [
    ["Id", rollout.rolloutId],
    ["For", config.filter === "" ? "the whole fleet" : config.filter],
    ["Devices", counts.total === 0 ? "not counted yet" : formatCount(counts.total)],
    ["Falls back to", fallbackVersion === null ? "nothing" : `version ${fallbackVersion}`],
    ["Release", releaseCounter === null ? "not signed yet" : `number ${releaseCounter}`],
    ["Created", `by ${rollout.createdBy}, ${formatAgo(rollout.createdAtMs, nowMs)}`],
    ["Approved", approvalText(rollout)],
    ["Changed", formatAgo(rollout.changedAtMs, nowMs)],
  ];
}

function approvalText({ approvedBy, config }: RolloutData): string {
  if (approvedBy !== null) return `by ${approvedBy}`;
  return config.needsApproval ? "not yet" : "not needed";
}
