import { useId, useState, type FormEvent, type ReactNode } from "react";
import { asError } from "../data/use-loaded.js";
import { Dialog } from "./dialog.js";
import { Problem } from "./problem.js";

export interface ConfirmDialogProps {
  readonly title: string;
  /** What will happen, and to how many devices. */
  readonly children: ReactNode;
  readonly confirmLabel: string;
  readonly isDangerous: boolean;
  /** Asks why, for the history; an empty reason is not taken. */
  readonly wantsReason: boolean;
  /** Does it; what it throws is shown, and the dialog stays. */
  readonly onConfirm: (reason: string) => Promise<void>;
  readonly onClose: () => void;
  /** Why it cannot be done any more; null when it can. */
  readonly refusal?: string | null;
  /** Errors that the text above explains already. */
  readonly isExplained?: (error: Error) => boolean;
  readonly testId: string;
}

/** Asks before something is done that cannot simply be undone. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  const [reason, setReason] = useState("");
  const [problem, setProblem] = useState<Error | null>(null);
  const [isBusy, setIsBusy] = useState(false);
  const refusal = props.refusal ?? null;
  const isBlocked = refusal !== null || (props.wantsReason && reason.trim() === "");
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (isBusy || isBlocked) return;
    setIsBusy(true);
    setProblem(null);
    props.onConfirm(reason.trim()).then(props.onClose, (cause: unknown) => {
      setProblem(asError(cause));
      setIsBusy(false);
    });
  };
  return (
    <Dialog title={props.title} onClose={props.onClose} testId={props.testId}>
      <form className="dialog-form" onSubmit={submit} aria-busy={isBusy}>
        <div className="dialog-text">{props.children}</div>
        {props.wantsReason && <ReasonField value={reason} onChange={setReason} />}
        {problem !== null && props.isExplained?.(problem) !== true && (
          <Problem error={problem} testId="dialog-problem" />
        )}
        {refusal !== null && <p className="field-error">{refusal}</p>}
        <DialogButtons {...props} isDisabled={isBusy || isBlocked} />
      </form>
    </Dialog>
  );
}

function DialogButtons(
  props: Pick<ConfirmDialogProps, "onClose" | "isDangerous" | "confirmLabel"> & {
    readonly isDisabled: boolean;
  },
) {
  return (
    <div className="dialog-buttons">
      <button type="button" className="action-button" onClick={props.onClose} data-testid="dialog-cancel">
        Cancel
      </button>
      <button
        type="submit"
        className="action-button"
        data-tone={props.isDangerous ? "danger" : "main"}
        disabled={props.isDisabled}
        data-testid="dialog-confirm"
      >
        {props.confirmLabel}
      </button>
    </div>
  );
}

function ReasonField(props: { readonly value: string; readonly onChange: (value: string) => void }) {
  const id = useId();
  return (
    <>
      <label htmlFor={id}>Why? It stands in the history and the audit log.</label>
      <textarea
        id={id}
        rows={2}
        maxLength={1024}
        required
        autoFocus
        value={props.value}
        onChange={(event) => props.onChange(event.target.value)}
        data-testid="reason"
      />
    </>
  );
}
