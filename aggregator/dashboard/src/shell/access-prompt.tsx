import { useState, type FormEvent } from "react";

/** Asks for the admin token of a server that does not let everybody read. */
export function AccessPrompt(props: {
  readonly isWrong: boolean;
  readonly onToken: (token: string) => void;
}) {
  const [draft, setDraft] = useState("");
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (draft.trim() !== "") props.onToken(draft.trim());
  };
  return (
    <form className="card prompt" onSubmit={submit} data-testid="access-prompt">
      <h2>This aggregator asks who you are</h2>
      <p>
        Paste the admin token. It is in the file <code>admin-token</code> of the server&rsquo;s state
        directory, and <code>fedge serve</code> prints a link that contains it.
      </p>
      <label htmlFor="token">Admin token</label>
      <div className="prompt-row">
        <input
          id="token"
          type="password"
          autoComplete="off"
          value={draft}
          aria-invalid={props.isWrong}
          aria-describedby={props.isWrong ? "token-error" : undefined}
          onChange={(event) => setDraft(event.target.value)}
        />
        <button type="submit" className="button">
          Open
        </button>
      </div>
      {props.isWrong && (
        <p id="token-error" className="field-error">
          The server did not accept this token.
        </p>
      )}
    </form>
  );
}
