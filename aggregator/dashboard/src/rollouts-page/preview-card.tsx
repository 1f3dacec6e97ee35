import { RETURN_TEXT, waveText } from "../../../src/rollouts/plan-text.js";
import type { PreviewData } from "../data/api-types.js";
import { hasCode } from "../data/use-loaded.js";
import { Card } from "../parts/card.js";
import { Problem } from "../parts/problem.js";
import { hrefOf } from "../shell/route.js";
import { formatCount } from "../text/format.js";
import { PlanFacts } from "./plan-facts.js";
import type { PlannedConfig } from "./planned-config.js";

/** Which devices each wave would reach, whom it leaves out, and which rollouts want the same ones. */
export function PreviewCard(props: {
  readonly preview: PreviewData | null;
  /** What the preview is of; null while the draft is not whole. */
  readonly plan: PlannedConfig | null;
  /** What the draft does not say yet. */
  readonly missing: string | null;
  readonly error: Error | null;
  readonly isLoading: boolean;
}) {
  const { preview, plan, error } = props;
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
        {error === null && preview === null && <p className="table-empty">{props.missing ?? "Counting"}</p>}
        {error === null && preview !== null && <Preview preview={preview} plan={plan} />}
        {plan !== null && (
          <>
            <h3 className="sub-title">How it goes</h3>
            <PlanFacts config={plan} />
          </>
        )}
      </div>
    </Card>
  );
}

function Preview({ preview, plan }: { readonly preview: PreviewData; readonly plan: PlannedConfig | null }) {
  return (
    <>
      <ol className="preview-waves" aria-label="Waves" data-testid="preview-waves">
        {preview.waves.map((wave, index) => (
          <li key={`${index} ${wave.name}`}>
            <PreviewedWave wave={wave} planned={plan?.waves[index]} />
          </li>
        ))}
      </ol>
      {preview.isReturn && <p data-testid="return">{RETURN_TEXT}</p>}
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

function PreviewedWave(props: {
  readonly wave: PreviewData["waves"][number];
  readonly planned: PlannedConfig["waves"][number] | undefined;
}) {
  const { wave, planned } = props;
  const { devices, numDevices } = wave;
  const numMore = numDevices - devices.length;
  return (
    <>
      <p className="preview-wave">
        <b>{wave.name}</b> <span>{numDevices === 1 ? "1 device" : `${formatCount(numDevices)} devices`}</span>
      </p>
      {planned !== undefined && <p className="quiet">{waveText(planned)}</p>}
      {devices.length > 0 && (
        <details>
          <summary>{numMore > 0 ? `the first ${devices.length}` : "which"}</summary>
          <ul className="device-names">
            {devices.map((deviceId) => (
              <li key={deviceId}>
                <a href={hrefOf("fleet", deviceId)} className="id-link">
                  {deviceId}
                </a>
              </li>
            ))}
          </ul>
        </details>
      )}
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
