import { useId } from "react";

export interface ActionButtonProps {
  readonly label: string;
  /** Why it cannot be pressed now; null when it can. */
  readonly refusal: string | null;
  readonly tone?: "plain" | "main" | "danger";
  readonly onPress: () => void;
  readonly testId: string;
}

/**
 * A button that says why it cannot be pressed, to the pointer and to screen readers. It keeps the focus order: what is
 * refused can be reached and explains itself.
 */
export function ActionButton({ label, refusal, tone = "plain", onPress, testId }: ActionButtonProps) {
  const id = useId();
  return (
    <span className="action">
      <button
        type="button"
        className="action-button"
        data-tone={tone}
        data-testid={testId}
        aria-disabled={refusal !== null}
        aria-describedby={refusal === null ? undefined : id}
        title={refusal ?? undefined}
        onClick={() => refusal === null && onPress()}
      >
        {label}
      </button>
      {refusal !== null && (
        <span className="visually-hidden" id={id}>
          {refusal}
        </span>
      )}
    </span>
  );
}
