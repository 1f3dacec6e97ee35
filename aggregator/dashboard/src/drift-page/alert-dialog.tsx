import { useId, useState } from "react";
import type { AlertData, AlertsAnswer } from "../data/api-types.js";
import type { ApiClient } from "../data/api-client.js";
import { useSession } from "../data/session-context.js";
import { hasCode } from "../data/use-loaded.js";
import { ConfirmDialog } from "../parts/confirm-dialog.js";
import { actRefusal, alertStateText, lastDeedText, type ActLook } from "./alert-looks.js";

const HOUR_MS = 3_600_000;
const SILENCES = [
  { name: "1 hour", forMs: HOUR_MS },
  { name: "4 hours", forMs: 4 * HOUR_MS },
  { name: "1 day", forMs: 24 * HOUR_MS },
  { name: "7 days", forMs: 168 * HOUR_MS },
] as const;
const MOST_ALERTS = 300;

export interface AlertDialogProps {
  readonly look: ActLook;
  /** What the person saw when he pressed the button. */
  readonly alert: AlertData;
  readonly nowMs: number;
  readonly onChanged: () => void;
  readonly onClose: () => void;
}

/**
 * Asks before something is done to an alert, and sends with it what the person has seen. When somebody changed it meanwhile
 * nothing is done: the dialog says who and what, and asks again.
 */
export function AlertDialog({ look, nowMs, onChanged, onClose, ...props }: AlertDialogProps) {
  const { api, session } = useSession();
  const [present, setPresent] = useState<AlertData | null>(null);
  const [forMs, setForMs] = useState<number>(SILENCES[1].forMs);
  const alert = present ?? props.alert;
  const refusal = present === null ? null : actRefusal(look, present, session);
  const send = async (): Promise<void> => {
    try {
      await api.post<AlertData>(pathOf(look, alert), bodyOf(look, forMs));
      onChanged();
    } catch (cause) {
      if (!isChanged(cause)) throw cause;
      setPresent(await presentAlert(api, alert));
      onChanged();
      throw cause;
    }
  };
  return (
    <ConfirmDialog
      title={`${look.label}?`}
      confirmLabel={look.label}
      isDangerous={look.tone === "danger"}
      wantsReason={false}
      refusal={refusal}
      onConfirm={send}
      onClose={onClose}
      isExplained={isChanged}
      testId="dialog"
    >
      <p>
        <strong>{alert.evidence.text}</strong>
      </p>
      {present !== null && <ConflictNotice alert={present} nowMs={nowMs} isRefused={refusal !== null} />}
      {refusal === null && <p>{look.effect}</p>}
      {refusal === null && look.act === "silence" && <SilenceChoice forMs={forMs} onChoose={setForMs} />}
    </ConfirmDialog>
  );
}

function ConflictNotice(props: {
  readonly alert: AlertData;
  readonly nowMs: number;
  /** The act means nothing any more. */
  readonly isRefused: boolean;
}) {
  const { alert, nowMs, isRefused } = props;
  return (
    <div className="conflict" role="alert" data-testid="conflict">
      <p>
        <strong>{lastDeedText(alert, nowMs) ?? "This alert changed meanwhile."}</strong>
      </p>
      <p>
        Nothing was sent: look again. It is {alertStateText(alert, nowMs)}
        {isRefused ? "." : ", and what you asked for would mean:"}
      </p>
    </div>
  );
}

function SilenceChoice(props: { readonly forMs: number; readonly onChoose: (forMs: number) => void }) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>For how long</label>
      <select
        id={id}
        value={props.forMs}
        onChange={(event) => props.onChoose(Number(event.target.value))}
        data-testid="silence-for"
      >
        {SILENCES.map(({ name, forMs }) => (
          <option key={forMs} value={forMs}>
            {name}
          </option>
        ))}
      </select>
    </div>
  );
}

function pathOf({ act }: ActLook, { alertId, revision }: AlertData): string {
  const route = act === "confirm" || act === "dismiss" ? "proposal" : act;
  return `/v1/drift/alerts/${encodeURIComponent(alertId)}/${route}?revision=${revision}`;
}

function bodyOf({ act }: ActLook, forMs: number): object {
  if (act === "silence") return { forMs };
  return act === "confirm" || act === "dismiss" ? { confirm: act === "confirm" } : {};
}

async function presentAlert(api: ApiClient, seen: AlertData): Promise<AlertData> {
  const query = { model: seen.model, limit: MOST_ALERTS };
  const { alerts } = await api.get<AlertsAnswer>("/v1/drift/alerts", query);
  return alerts.find(({ alertId }) => alertId === seen.alertId) ?? seen;
}

function isChanged(error: unknown): boolean {
  return hasCode(error, "ALERT_STATE_CONFLICT");
}
