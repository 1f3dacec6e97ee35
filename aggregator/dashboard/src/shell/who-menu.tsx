import { useEffect, useRef, useState } from "react";
import { asError } from "../data/use-loaded.js";
import type { SessionState } from "../data/use-session-state.js";
import { hrefOf } from "./route.js";

/** Who is signed in, what he may do, and the way out; the way in for who is not. */
export function WhoMenu({ signing }: { readonly signing: SessionState }) {
  const { session, status } = signing;
  const [isOpen, setIsOpen] = useState(false);
  const menu = useRef<HTMLDivElement>(null);
  useClosing(menu, isOpen, () => setIsOpen(false));
  if (status === "asking" || status === "refused") return <span className="who-place" />;
  if (session.name === null) {
    return (
      <a className="quiet-button who-sign-in" href={hrefOf("sign-in")} data-testid="sign-in-link">
        Sign in
      </a>
    );
  }
  return (
    <div className="who" ref={menu}>
      <button
        type="button"
        className="quiet-button who-button"
        aria-expanded={isOpen}
        aria-controls="who-panel"
        onClick={() => setIsOpen(!isOpen)}
        data-testid="who"
      >
        <span className="who-initial" aria-hidden="true">
          {session.name.slice(0, 1)}
        </span>
        <span className="visually-hidden">Signed in as </span>
        <span className="who-name">{session.name}</span>
      </button>
      {isOpen && <WhoPanel signing={signing} />}
    </div>
  );
}

function WhoPanel({ signing }: { readonly signing: SessionState }) {
  const [problem, setProblem] = useState<Error | null>(null);
  const { session } = signing;
  const signOut = (): void => {
    signing.signOut().catch((cause: unknown) => setProblem(asError(cause)));
  };
  return (
    <div className="who-panel card" id="who-panel" data-testid="who-panel">
      <p>
        <strong>{session.name}</strong>
      </p>
      <p className="quiet">
        {session.role === null ? "no role" : session.role.replaceAll("-", " ")}
        {session.permissions.length === 0 ? "; may look at everything" : ""}
      </p>
      {session.permissions.length > 0 && (
        <p className="quiet">May change: {session.permissions.join(", ")}</p>
      )}
      <button type="button" className="quiet-button" onClick={signOut} data-testid="sign-out">
        {signing.token === null ? "Sign out" : "Forget the token"}
      </button>
      {problem !== null && (
        <p className="field-error" role="alert">
          {problem.message}
        </p>
      )}
    </div>
  );
}

/** Escape, and a press elsewhere, close what is open. */
function useClosing(
  inside: { readonly current: HTMLElement | null },
  isOpen: boolean,
  close: () => void,
): void {
  useEffect(() => {
    if (!isOpen) return undefined;
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== "Escape") return;
      close();
      inside.current?.querySelector("button")?.focus();
    };
    const onPress = (event: PointerEvent): void => {
      if (event.target instanceof Node && inside.current?.contains(event.target) !== true) close();
    };
    document.addEventListener("keydown", onKey);
    document.addEventListener("pointerdown", onPress);
    return () => {
      document.removeEventListener("keydown", onKey);
      document.removeEventListener("pointerdown", onPress);
    };
  }, [isOpen, close, inside]);
}
