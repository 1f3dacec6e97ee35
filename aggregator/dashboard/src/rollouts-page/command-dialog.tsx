import { useState } from "react";
import type { HistoryAnswer, HistoryData, RolloutData } from "../data/api-types.js";
import type { ApiClient } from "../data/api-client.js";
import { useSession } from "../data/session-context.js";
import { hasCode } from "../data/use-loaded.js";
import { ConfirmDialog } from "../parts/confirm-dialog.js";
import { commandEffects } from "./command-effects.js";
import { commandRefusal, type CommandLook } from "./commands.js";
import { deedSince, deedText } from "./history-text.js";
import { stateText } from "./rollout-looks.js";

export interface CommandDialogProps {
  readonly look: CommandLook;
  /** What the person saw when he pressed the button. */
  readonly rollout: RolloutData;
  readonly nowMs: number;
  readonly onChanged: (rollout: RolloutData) => void;
  readonly onClose: () => void;
}

/** Somebody was faster: the rollout as it is now, and what was done to it. */
interface Conflict {
  readonly rollout: RolloutData;
  readonly deed: HistoryData | null;
}

/**
 * Asks before a command, and sends with it what the person has seen. When somebody changed the rollout meanwhile, the
 * dialog says who and what, shows what the command would do now, and asks again.
 */
export function CommandDialog(props: CommandDialogProps) {
  const { look, nowMs, onChanged } = props;
  const { api, session } = useSession();
  const [conflict, setConflict] = useState<Conflict | null>(null);
  const rollout = conflict?.rollout ?? props.rollout;
  const refusal = conflict === null ? null : commandRefusal(look, rollout, session);
  const path = `/v1/rollouts/${encodeURIComponent(rollout.rolloutId)}`;
  const send = async (reason: string): Promise<void> => {
    try {
      const body = { reason, revision: rollout.revision };
      onChanged(await api.post<RolloutData>(`${path}/${look.command}`, body));
    } catch (cause) {
      if (!isChanged(cause)) throw cause;
      const found = await presentState(api, path, rollout.revision);
      onChanged(found.rollout);
      setConflict(found);
      throw cause;
    }
  };
  return (
    <ConfirmDialog
      title={`${look.label}: ${rollout.rolloutId}?`}
      confirmLabel={look.label}
      isDangerous={look.tone === "danger"}
      wantsReason
      refusal={refusal}
      onConfirm={send}
      onClose={props.onClose}
      isExplained={isChanged}
      testId="dialog"
    >
      {conflict !== null && <ConflictNotice conflict={conflict} isRefused={refusal !== null} nowMs={nowMs} />}
      {refusal === null &&
        commandEffects(look.command, rollout).map((effect) => <p key={effect}>{effect}</p>)}
    </ConfirmDialog>
  );
}

function ConflictNotice(props: {
  readonly conflict: Conflict;
  /** The command means nothing any more. */
  readonly isRefused: boolean;
  readonly nowMs: number;
}) {
  const { deed, rollout } = props.conflict;
  return (
    <div className="conflict" role="alert" data-testid="conflict">
      <p>
        <strong>{deed === null ? "Somebody changed this rollout." : deedText(deed, props.nowMs)}</strong>
      </p>
      <p>
        Nothing was sent: look again. It is <b>{stateText(rollout)}</b> now
        {props.isRefused ? "." : ", and what you asked for would mean:"}
      </p>
    </div>
  );
}

async function presentState(api: ApiClient, path: string, seenRevision: number): Promise<Conflict> {
  const [rollout, { history }] = await Promise.all([
    api.get<RolloutData>(path),
    api.get<HistoryAnswer>(`${path}/history`),
  ]);
  return { rollout, deed: deedSince(history, seenRevision) };
}

function isChanged(error: unknown): boolean {
  return hasCode(error, "ROLLOUT_CHANGED");
}
