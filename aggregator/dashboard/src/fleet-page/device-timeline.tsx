import type { TimelineData } from "../data/api-types.js";
import { Badge } from "../parts/badge.js";
import { TARGET_LOOKS } from "../rollouts-page/target-looks.js";
import { causeWords, stateWords } from "../rollouts-page/target-words.js";
import { hrefOf } from "../shell/route.js";
import { formatAgo, formatDateTime } from "../text/format.js";

/** What rollouts did to a device, newest first. */
export function DeviceTimeline(props: { readonly entries: readonly TimelineData[]; readonly nowMs: number }) {
  if (props.entries.length === 0) return <p className="table-empty">No rollout has reached this device.</p>;
  return (
    <ol className="timeline" data-testid="timeline">
      {props.entries.map((entry) => (
        <li
          key={`${entry.rolloutId} ${entry.attempt} ${entry.changedAtMs}`}
          data-tone={TARGET_LOOKS[entry.state].tone}
        >
          <TimelineEntry entry={entry} nowMs={props.nowMs} />
        </li>
      ))}
    </ol>
  );
}

function TimelineEntry({ entry, nowMs }: { readonly entry: TimelineData; readonly nowMs: number }) {
  const look = TARGET_LOOKS[entry.state];
  const cause = causeWords(entry);
  return (
    <>
      <p className="timeline-head">
        <Badge tone={look.tone}>{look.name}</Badge>
        <a href={hrefOf("rollouts", entry.rolloutId)} className="id-link">
          {entry.rolloutId}
        </a>
        <span className="quiet">
          wave {entry.wave + 1}
          {entry.attempt > 1 ? `, attempt ${entry.attempt}` : ""}
        </span>
      </p>
      <p className="quiet">
        <time dateTime={new Date(entry.changedAtMs).toISOString()}>{formatDateTime(entry.changedAtMs)}</time>{" "}
        ({formatAgo(entry.changedAtMs, nowMs)})
      </p>
      <p data-testid="timeline-meaning">{stateWords(entry.state)}</p>
      {(entry.code !== null || cause !== null) && (
        <p className="timeline-cause">
          {cause} {entry.code !== null && <code>{entry.code}</code>}
        </p>
      )}
    </>
  );
}
