import type { OverviewData } from "../data/fleet-state.js";
import { CommandLine } from "../parts/command-line.js";

/** What a newcomer sees before the first task: the commands that lead to one. */
export function GettingStarted({ overview }: { readonly overview: OverviewData }) {
  const model = overview.models[0]?.model ?? null;
  return (
    <section
      className="card getting-started span-12"
      aria-labelledby="start-title"
      data-testid="getting-started"
    >
      <h2 id="start-title">Nothing trains yet</h2>
      <p>
        A task tells the fleet which model to train and for how many rounds. In a terminal on this machine:
      </p>
      <ol className="start-steps">
        <li data-done={model !== null}>
          <h3>Bring a model</h3>
          <CommandLine command="fedge model import model.onnx --name my-model" />
        </li>
        <li>
          <h3>Start a task</h3>
          <CommandLine command={`fedge task create --model ${model ?? "my-model"} --rounds 20`} />
        </li>
        <li data-done={overview.fleet.total > 0}>
          <h3>Let devices join</h3>
          <CommandLine command={window.location.origin} />
          <p>The address that the device runtime in your app enrols at.</p>
        </li>
      </ol>
      <p>
        Only looking around? Stop this aggregator and run <code>fedge start</code>: it brings a model, a task
        and a few simulated devices.
      </p>
      <p className="quiet">This page follows along by itself.</p>
    </section>
  );
}
