import type { Session } from "../data/session.js";
import type { SessionState } from "../data/use-session-state.js";
import { CredentialsForm } from "./credentials-form.js";

export const PASSWORD_HINT =
  "At least 12 characters; several words that do not belong together are easy to keep in mind.";

/** Makes the account of an invitation; the first administrator comes in by one, too. */
export function InvitationForm(props: { readonly code: string; readonly signing: SessionState }) {
  const { code, signing } = props;
  const accept = async (credentials: { name: string; password: string }): Promise<void> => {
    const session = await signing.api.post<Session>("/v1/invitations/accept", { code, ...credentials });
    // The code is worth nothing any more, and nobody wants it in the browser's history.
    window.location.replace("#/rollouts");
    signing.signedIn(session);
  };
  return (
    <section className="card prompt" aria-labelledby="invitation-title" data-testid="invitation">
      <h2 id="invitation-title">Make your account</h2>
      <p>Somebody invited you to this aggregator. Choose the name that others will see, and a password.</p>
      <CredentialsForm
        onSubmit={accept}
        label="Make the account"
        passwordHint={PASSWORD_HINT}
        autoComplete="new-password"
      />
    </section>
  );
}
