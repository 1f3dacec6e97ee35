import { useState, type FormEvent } from "react";
import type { SessionState } from "../data/use-session-state.js";

/** Takes an API token, or the machine's own. */
export function TokenForm({ signing }: { readonly signing: SessionState }) {
  const [draft, setDraft] = useState("");
  const isWrong = signing.token !== null && (signing.status === "refused" || signing.session.name === null);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (draft.trim() === "") return;
    if (window.location.hash.startsWith("#/sign-in")) window.location.replace("#/rollouts");
    signing.useToken(draft.trim());
  };
  return (
    <form className="credentials" onSubmit={submit}>
      <p className="quiet">
        Paste an API token (<code>fedge token create</code>), or the admin token: it is in the file{" "}
        <code>admin-token</code> of the server&rsquo;s state directory.
      </p>
      <label htmlFor="token">Token</label>
      <div className="prompt-row">
        <input
          id="token"
          type="password"
          autoComplete="off"
          value={draft}
          aria-invalid={isWrong}
          aria-describedby={isWrong ? "token-error" : undefined}
          onChange={(event) => setDraft(event.target.value)}
        />
        <button type="submit" className="button">
          Open
        </button>
      </div>
      {isWrong && (
        <p id="token-error" className="field-error" role="alert">
          The server did not accept this token.
        </p>
      )}
    </form>
  );
}
