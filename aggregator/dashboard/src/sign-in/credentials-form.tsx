import { useId, useState, type FormEvent } from "react";
import { asError } from "../data/use-loaded.js";

export interface CredentialsFormProps {
  readonly label: string;
  readonly onSubmit: (credentials: { name: string; password: string }) => Promise<void>;
  /** Said under the password, where one is chosen. */
  readonly passwordHint: string | null;
  readonly autoComplete: "current-password" | "new-password";
}

/** Name and password; keeps the name and says why when the server refuses them. */
export function CredentialsForm(props: CredentialsFormProps) {
  const id = useId();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [problem, setProblem] = useState<Error | null>(null);
  const [isBusy, setIsBusy] = useState(false);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (isBusy) return;
    setIsBusy(true);
    setProblem(null);
    props.onSubmit({ name: name.trim(), password }).catch((cause: unknown) => {
      setProblem(asError(cause));
      setPassword("");
      setIsBusy(false);
    });
  };
  return (
    <form className="credentials" onSubmit={submit} aria-busy={isBusy} data-testid="credentials">
      <NameField id={id} value={name} onChange={setName} />
      <PasswordField id={id} value={password} onChange={setPassword} {...props} />
      <p className="field-error" role="alert">
        {problem?.message ?? ""}
      </p>
      <button type="submit" className="button" disabled={isBusy}>
        {props.label}
      </button>
    </form>
  );
}

interface FieldProps {
  readonly id: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

function NameField({ id, value, onChange }: FieldProps) {
  return (
    <>
      <label htmlFor={`${id}-name`}>Name</label>
      <input
        id={`${id}-name`}
        name="name"
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        required
        maxLength={64}
        autoFocus
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    </>
  );
}

/** A password, with what is said under it where one is chosen. */
export function PasswordField(
  props: FieldProps & Pick<CredentialsFormProps, "passwordHint" | "autoComplete">,
) {
  const { id, passwordHint } = props;
  return (
    <>
      <label htmlFor={`${id}-password`}>Password</label>
      <input
        id={`${id}-password`}
        name="password"
        type="password"
        required
        maxLength={1024}
        autoComplete={props.autoComplete}
        aria-describedby={passwordHint === null ? undefined : `${id}-hint`}
        value={props.value}
        onChange={(event) => props.onChange(event.target.value)}
      />
      {passwordHint !== null && (
        <p className="quiet" id={`${id}-hint`}>
          {passwordHint}
        </p>
      )}
    </>
  );
}
