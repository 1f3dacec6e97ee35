import type { ModelVerdictData } from "../data/api-types.js";
import type { LiveState } from "../data/use-fleet-state.js";
import { Card } from "../parts/card.js";
import { CommandLine } from "../parts/command-line.js";
import { formatCount, formatDateTime, formatSpan } from "../text/format.js";

/** Models without a reference profile, and how they get one; nothing when all have one. */
export function UnmonitoredCard(props: { readonly live: LiveState; readonly monitored: readonly string[] }) {
  const models = props.live.state.overview?.models ?? [];
  const rest = models.map(({ model }) => model as string).filter((model) => !props.monitored.includes(model));
  if (rest.length === 0 && props.monitored.length > 0) return null;
  const [model = "my-model"] = rest;
  const latest = models.find((known) => (known.model as string) === model)?.latestVersion ?? 1;
  return (
    <Card title={titleOf(rest, props.monitored)} className="span-12 getting-started" testId="drift-start">
      <p>
        A reference profile says what a model&rsquo;s data looked like when it was made. Devices count theirs
        into its cells, and only the counts are sent. In a terminal on this machine:
      </p>
      <ol className="start-steps">
        {models.length === 0 && (
          <li>
            <h3>Bring a model</h3>
            <CommandLine command="fedge model import model.onnx --name my-model" />
          </li>
        )}
        <li>
          <h3>Build a profile of its training data</h3>
          <CommandLine command={`fedge profile build --model ${model} --data training.csv`} />
          <p>It is written to profile.json; read it through, since every device can.</p>
        </li>
        <li>
          <h3>Attach it: that makes the next version</h3>
          <CommandLine command={`fedge profile attach profile.json --model ${model}`} />
        </li>
        <li>
          <h3>Roll that version out</h3>
          <CommandLine command={`fedge rollout create ${model}@${latest + 1} --template staged`} />
          <p>Devices that consent to reporting send their counts at the end of every window.</p>
        </li>
      </ol>
    </Card>
  );
}

function titleOf(rest: readonly string[], monitored: readonly string[]): string {
  if (rest.length === 0) return "No model is monitored yet";
  return monitored.length === 0
    ? `Not monitored yet: ${rest.join(", ")}`
    : `Without a reference profile: ${rest.join(", ")}`;
}

/** What it takes until a monitored model shows something. */
export function WaitingCard({ model }: { readonly model: ModelVerdictData }) {
  const { minDevices, numEligible } = model;
  return (
    <Card title="Nothing can be shown yet" className="span-12" testId="drift-waiting">
      <ul className="plain-list">
        <li>
          {formatCount(numEligible)} of the {formatCount(minDevices)} devices that a window takes serve
          version {model.version} now.
          {numEligible < minDevices && " Roll it out further, or wait for more to enrol."}
        </li>
        <li>
          Devices count for {formatSpan(model.windowMs)}, and send only with consent to reporting. The window
          that is counted now is released at {formatDateTime(model.nextReleaseAtMs)} at the soonest.
        </li>
        <li>
          Fewer devices in all? The least that may be shown is 20: <code>--drift-min-devices</code> of{" "}
          <code>fedge serve</code>.
        </li>
      </ul>
    </Card>
  );
}
