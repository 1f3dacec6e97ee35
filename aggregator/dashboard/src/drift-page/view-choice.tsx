import { useId, type ReactNode } from "react";
import type { ModelDriftData } from "../data/api-types.js";
import { formatCount, formatDateTime } from "../text/format.js";
import { withQuery } from "../shell/route.js";
import { VERDICT_LOOKS, cohortText } from "./verdict-looks.js";
import type { View } from "./view-query.js";

/** Which version, cohort and window are looked at; it stands in the address, so that it can be passed on. */
export function ViewChoice(props: {
  readonly model: ModelDriftData;
  readonly view: View;
  /** Address of what is looked at, without the choice. */
  readonly href: string;
}) {
  const { model, view, href } = props;
  const choose = (change: Partial<View>): void =>
    window.location.assign(withQuery(href, { ...view, ...change }));
  const versions = [...new Set([model.version, ...model.versions])].sort((one, other) => other - one);
  return (
    <div className="view-choice" role="group" aria-label="What is looked at">
      <Choice
        label="Version"
        value={String(view.version ?? model.version)}
        // Windows of one version are none of another.
        onChoose={(version) => choose({ version, window: undefined })}
        testId="choose-version"
      >
        {versions.map((version) => (
          <option key={version}>{version}</option>
        ))}
      </Choice>
      <CohortChoice model={model} chosen={view.cohort ?? ""} onChoose={(cohort) => choose({ cohort })} />
      <Choice
        label="Window"
        value={view.window ?? ""}
        onChoose={(chosenWindow) => choose({ window: chosenWindow })}
        testId="choose-window"
      >
        <option value="">the newest that is shown</option>
        {[...model.recent].reverse().map(({ window: each, beginsAtMs, verdict }) => (
          <option key={each} value={each}>
            {formatDateTime(beginsAtMs)}: {VERDICT_LOOKS[verdict].name}
          </option>
        ))}
      </Choice>
    </div>
  );
}

function CohortChoice(props: {
  readonly model: ModelDriftData;
  readonly chosen: string;
  readonly onChoose: (cohort: string) => void;
}) {
  const { model, chosen } = props;
  // One that is chosen and not shown stays to be seen.
  const cohorts = new Set(["", ...model.cohorts.map(({ cohort }) => cohort), chosen]);
  return (
    <Choice label="Cohort" value={chosen} onChoose={props.onChoose} testId="choose-cohort">
      {[...cohorts].map((cohort) => (
        <option key={cohort} value={cohort}>
          {optionText(model, cohort)}
        </option>
      ))}
    </Choice>
  );
}

function optionText({ cohorts }: ModelDriftData, cohort: string): string {
  const found = cohorts.find((each) => each.cohort === cohort);
  return found === undefined
    ? cohortText(cohort)
    : `${cohortText(cohort)} (${formatCount(found.numDevices)} devices)`;
}

function Choice(props: {
  readonly label: string;
  readonly value: string;
  readonly onChoose: (value: string) => void;
  readonly testId: string;
  readonly children: ReactNode;
}) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{props.label}</label>
      <select
        id={id}
        value={props.value}
        onChange={(event) => props.onChoose(event.target.value)}
        data-testid={props.testId}
      >
        {props.children}
      </select>
    </div>
  );
}
