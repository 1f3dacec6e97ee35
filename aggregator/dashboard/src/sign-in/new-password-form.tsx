import { useId, useState, type FormEvent } from "react";
import type { Session } from "../data/session.js";
import type { SessionState } from "../data/use-session-state.js";
import { asError } from "../data/use-loaded.js";
import { PasswordField } from "./credentials-form.js";
import { PASSWORD_HINT } from "./invitation-form.js";

/** Sets the password of an account by the link that an administrator made. */
export function NewPasswordForm(props: { readonly code: string; readonly signing: SessionState }) {
  const { code, signing } = props;
  const id = useId();
  const [password, setPassword] = useState("");
  const [problem, setProblem] = useState<Error | null>(null);
  const [isBusy, setIsBusy] = useState(false);
  const set = useReset(code, password, signing);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (isBusy) return;
    setIsBusy(true);
    setProblem(null);
    set().catch((cause: unknown) => {
      setProblem(asError(cause));
      setPassword("");
      setIsBusy(false);
    });
  };
  return (
    <section className="card prompt" aria-labelledby="new-password-title" data-testid="new-password">
      <h2 id="new-password-title">Set a new password</h2>
      <p>Wherever you are signed in with the old one, you will have to sign in again.</p>
      <form className="credentials" onSubmit={submit} aria-busy={isBusy}>
        <PasswordField
          id={id}
          value={password}
          onChange={setPassword}
          passwordHint={PASSWORD_HINT}
          autoComplete="new-password"
        />
        <p className="field-error" role="alert">
          {problem?.message ?? ""}
        </p>
        <button type="submit" className="button" disabled={isBusy}>
          Set the password
        </button>
      </form>
    </section>
  );
}

function useReset(code: string, password: string, signing: SessionState): () => Promise<void> {
  return async () => {
    const session = await signing.api.post<Session>("/v1/password-resets/accept", { code, password });
    // The code is worth nothing any more, and nobody wants it in the browser's history.
    window.location.replace("#/rollouts");
    signing.signedIn(session);
  };
}
