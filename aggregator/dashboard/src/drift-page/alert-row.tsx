import { useState } from "react";
import type { AlertData } from "../data/api-types.js";
import { useSession } from "../data/session-context.js";
import { ActionButton } from "../parts/action-button.js";
import { Badge } from "../parts/badge.js";
import { NumberList } from "../parts/number-list.js";
import { hrefOf, withQuery } from "../shell/route.js";
import { NONE, formatAgo, formatCount } from "../text/format.js";
import { AlertDialog } from "./alert-dialog.js";
import {
  ALERT_ACTS,
  PROPOSAL_ACTS,
  SEVERITY_TONES,
  actRefusal,
  alertStateText,
  type ActLook,
} from "./alert-looks.js";
import { scoreText } from "./numbers.js";
import { cohortText } from "./verdict-looks.js";

interface AlertRowProps {
  readonly alert: AlertData;
  readonly nowMs: number;
  readonly onChanged: () => void;
}

/** One matter: how grave, by which numbers, who looks after it, and what can be done. */
export function AlertRow(props: AlertRowProps) {
  const { alert, nowMs } = props;
  const { evidence, model, version } = alert;
  return (
    <li className="gate alert-row" data-testid={`alert-${alert.alertId}`}>
      <div className="gate-what">
        <h3 className="alert-title">
          <Badge tone={SEVERITY_TONES[evidence.severity]}>{evidence.severity}</Badge>{" "}
          {evidence.kind.replaceAll("-", " ")} · {model} v{version}
          {evidence.feature !== "" && (
            <a
              href={withQuery(hrefOf("drift", model, evidence.feature), {
                version: String(version),
                cohort: evidence.cohort,
              })}
              className="id-link"
            >
              {evidence.feature}
            </a>
          )}
        </h3>
        <p>{evidence.text}</p>
        <p className="quiet" data-testid="alert-state">
          {alertStateText(alert, nowMs)} · seen first {formatAgo(alert.openedAtMs, nowMs)}, over{" "}
          {spanText(alert)}
        </p>
      </div>
      <AlertNumbers alert={alert} />
      {alert.state !== "resolved" && <AlertActions {...props} />}
      <Proposal {...props} />
    </li>
  );
}

function spanText({ firstWindow, lastWindow }: AlertData): string {
  const numWindows = lastWindow - firstWindow + 1;
  return `${formatCount(numWindows)} ${numWindows === 1 ? "window" : "windows"}`;
}

function AlertNumbers({ alert: { evidence } }: { readonly alert: AlertData }) {
  const interval =
    evidence.lower === null || evidence.upper === null
      ? NONE
      : `${scoreText(evidence.lower)} to ${scoreText(evidence.upper)}`;
  const numbers: readonly (readonly [string, string])[] = [
    [evidence.method.replaceAll("-", " "), scoreText(evidence.score)],
    ["interval", interval],
    ["limit", scoreText(evidence.limit)],
    ["cohort", cohortText(evidence.cohort)],
    ["devices", evidence.numDevices === null ? NONE : formatCount(evidence.numDevices)],
    ["against", evidence.reference],
  ];
  return <NumberList numbers={numbers} />;
}

function AlertActions(props: AlertRowProps & { readonly looks?: readonly ActLook[] }) {
  const { alert, looks = ALERT_ACTS } = props;
  const { session } = useSession();
  const [asked, setAsked] = useState<{ readonly look: ActLook; readonly alert: AlertData } | null>(null);
  return (
    <div
      className="alert-actions"
      role="group"
      aria-label={
        looks === ALERT_ACTS ? "What to do about this alert" : "What to do about the proposed training"
      }
    >
      {looks.map((look) => (
        <ActionButton
          key={look.act}
          label={look.label}
          tone={look.tone}
          refusal={actRefusal(look, alert, session)}
          onPress={() => setAsked({ look, alert })}
          testId={`act-${look.act}`}
        />
      ))}
      {asked !== null && (
        <AlertDialog
          {...asked}
          nowMs={props.nowMs}
          onChanged={props.onChanged}
          onClose={() => setAsked(null)}
        />
      )}
    </div>
  );
}

/** Training that a critical alert proposes; it begins when a person says so. */
function Proposal(props: AlertRowProps) {
  const { alert } = props;
  const { proposal, proposedIn, state } = alert;
  if (proposal === null && (proposedIn === null || state === "resolved")) return null;
  if (proposal === null) {
    return (
      <div className="proposal">
        <p>Training for this alert, too, is decided on in alert {proposedIn}.</p>
      </div>
    );
  }
  if (proposal.state === "proposed") {
    return (
      <div className="proposal" data-testid="proposal">
        <p>
          <strong>Proposed:</strong> train {proposal.model} from version {proposal.baseVersion} on what
          devices see now. Nothing trains before a person confirms it.
        </p>
        {alert.state !== "resolved" && <AlertActions {...props} looks={PROPOSAL_ACTS} />}
      </div>
    );
  }
  return (
    <div className="proposal" data-testid="proposal">
      <p>
        Training {proposal.state} by {proposal.decidedBy ?? "somebody"}
        {proposal.taskId !== null && (
          <>
            : task <a href={hrefOf("rounds")}>{proposal.taskId}</a>
          </>
        )}
        .
      </p>
    </div>
  );
}
