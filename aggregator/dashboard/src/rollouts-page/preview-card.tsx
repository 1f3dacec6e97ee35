import type { PreviewData } from "../data/api-types.js";
import { hasCode } from "../data/use-loaded.js";
import { Card } from "../parts/card.js";
import { Problem } from "../parts/problem.js";
import { ShareList } from "../parts/share-list.js";
import { hrefOf } from "../shell/route.js";
import { formatCount } from "../text/format.js";

/** Which devices each wave would reach, whom it leaves out, and which rollouts want the same ones. */
export function PreviewCard(props: {
  readonly preview: PreviewData | null;
  readonly error: Error | null;
  readonly isLoading: boolean;
}) {
  const { preview, error } = props;
  const isFilter = hasCode(error, "FILTER_INVALID");
  return (
    <Card
      title="Whom it would reach"
      className="span-6 preview-card"
      testId="preview-card"
      aside={
        <span role="status">
          {error === null && preview !== null ? `${formatCount(preview.numMatching)} devices match` : ""}
        </span>
      }
    >
      <div aria-busy={props.isLoading} className="preview">
        {error !== null && !isFilter && <Problem error={error} testId="preview-problem" />}
        {isFilter && <p className="table-empty">The filter has a mistake.</p>}
        {error === null && preview === null && (
          <p className="table-empty">{props.isLoading ? "Counting" : "Choose a version first."}</p>
        )}
        {error === null && preview !== null && <Preview preview={preview} />}
      </div>
    </Card>
  );
}

function Preview({ preview }: { readonly preview: PreviewData }) {
  const waves = preview.waves.map(({ name, numDevices }, index) => ({
    name: `${index + 1}. ${name}`,
    value: numDevices,
    colour: "serving-version",
  }));
  return (
    <>
      <ShareList shares={waves} label="Devices by wave" />
      {preview.excluded.length > 0 && (
        <>
          <h3 className="sub-title">Left out</h3>
          <ul className="plain-list" data-testid="excluded">
            {preview.excluded.map(({ reason, numDevices }) => (
              <li key={reason}>
                {formatCount(numDevices)}: {reason}
              </li>
            ))}
          </ul>
        </>
      )}
      {preview.conflicts.length > 0 && <Conflicts conflicts={preview.conflicts} />}
    </>
  );
}

function Conflicts({ conflicts }: Pick<PreviewData, "conflicts">) {
  return (
    <>
      <h3 className="sub-title">Other rollouts that want the same devices</h3>
      <ul className="plain-list" data-testid="conflicts">
        {conflicts.map(({ rolloutId, numDevices, wins }) => (
          <li key={rolloutId}>
            <a href={hrefOf("rollouts", rolloutId)}>{rolloutId}</a>: {formatCount(numDevices)}{" "}
            {wins ? "devices obey that one" : "devices would obey the new one"}
          </li>
        ))}
      </ul>
    </>
  );
}
