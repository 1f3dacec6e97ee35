import { useState } from "react";
import type { Session } from "../data/session.js";
import type { SessionState } from "../data/use-session-state.js";
import { CredentialsForm } from "./credentials-form.js";
import { TokenForm } from "./token-form.js";

/** Name and password, or a token. */
export function SignInPage({ signing }: { readonly signing: SessionState }) {
  const [isToken, setIsToken] = useState(signing.token !== null);
  const signIn = async (credentials: { name: string; password: string }): Promise<void> => {
    const session = await signing.api.post<Session>("/v1/session", credentials);
    // The page that asked for it is still in the address, unless the sign-in page itself is.
    if (window.location.hash.startsWith("#/sign-in")) window.location.replace("#/rollouts");
    signing.signedIn(session);
  };
  return (
    <section className="card prompt" aria-labelledby="sign-in-title" data-testid="access-prompt">
      <h2 id="sign-in-title">Sign in</h2>
      {isToken ? (
        <TokenForm signing={signing} />
      ) : (
        <CredentialsForm
          onSubmit={signIn}
          label="Sign in"
          passwordHint={null}
          autoComplete="current-password"
        />
      )}
      <p className="prompt-other">
        <button type="button" className="link-button" onClick={() => setIsToken(!isToken)}>
          {isToken ? "Use name and password" : "Use a token"}
        </button>
      </p>
      {!isToken && (
        <p className="quiet">
          No account yet? The first administrator follows the link that the server prints when it starts;
          everybody else asks an administrator for an invitation.
        </p>
      )}
    </section>
  );
}
