import { useEffect, useMemo, useRef } from "react";
import { SessionContext } from "../data/session-context.js";
import { useFleetState, type LiveState } from "../data/use-fleet-state.js";
import { useSessionState, type SessionState } from "../data/use-session-state.js";
import { LoadingPage } from "../parts/loading-page.js";
import { InvitationForm } from "../sign-in/invitation-form.js";
import { NewPasswordForm } from "../sign-in/new-password-form.js";
import { SignInPage } from "../sign-in/sign-in-page.js";
import { ConnectionBanner } from "./connection.js";
import { PAGES, type Page } from "./pages.js";
import type { Route } from "./route.js";
import { TopBar } from "./top-bar.js";
import { useRoute } from "./use-route.js";

/** Frame of every page: navigation, connection, who is signed in, theme. */
export function AppShell() {
  const signing = useSessionState();
  const live = useFleetState(signing.token, signing.epoch);
  const route = useRoute();
  const page = PAGES.find(({ path }) => path === route.page) ?? PAGES[0];
  const context = useMemo(
    () => ({ session: signing.session, api: signing.api }),
    [signing.session, signing.api],
  );
  const title = titleOf(route, page);
  usePageChange(title);
  return (
    <SessionContext value={context}>
      <a className="skip-link" href="#content" onClick={skipToContent}>
        Skip to content
      </a>
      <TopBar
        page={isSigningIn(route) ? null : page}
        connection={live.connection}
        signing={signing}
        appPages={live.state.overview?.appPages ?? []}
      />
      <ConnectionBanner connection={live.connection} hasData={live.state.overview !== null} />
      <main id="content" tabIndex={-1} className="content">
        <h1 className="visually-hidden">{title}</h1>
        <Content {...{ route, page, live, signing }} />
      </main>
      <Footer
        version={live.state.overview?.version ?? null}
        tenantId={live.state.overview?.tenantId ?? null}
      />
    </SessionContext>
  );
}

function Content(props: {
  readonly route: Route;
  readonly page: Page;
  readonly live: LiveState;
  readonly signing: SessionState;
}) {
  const { route, page, live, signing } = props;
  if (route.code !== null) {
    const Form = route.page === "invitation" ? InvitationForm : NewPasswordForm;
    return <Form code={route.code} signing={signing} />;
  }
  if (live.connection === "refused" || signing.status === "refused" || route.page === "sign-in") {
    return <SignInPage signing={signing} />;
  }
  if (live.state.overview === null) return <LoadingPage />;
  return page.render(live, route);
}

function isSigningIn({ page, code }: Route): boolean {
  return code !== null || page === "sign-in";
}

/** Names the page to the browser, and takes the focus to it when it was left by a link that is gone now. */
function usePageChange(title: string): void {
  const shown = useRef<string | null>(null);
  useEffect(() => {
    document.title = `${title} · Fedge`;
    const isFirst = shown.current === null || shown.current === title;
    shown.current = title;
    const content = document.getElementById("content");
    if (isFirst || content === null || isInForm(content)) return;
    content.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }, [title]);
}

function isInForm(content: HTMLElement): boolean {
  return document.activeElement instanceof HTMLInputElement && content.contains(document.activeElement);
}

function titleOf(route: Route, page: Page): string {
  if (route.code !== null) return route.page === "invitation" ? "Invitation" : "New password";
  if (route.page === "sign-in") return "Sign in";
  return [route.part, route.item, page.title].filter((name) => name !== null).join(" · ");
}

/** The address behind `#` names the page, so the link itself must not change it. */
function skipToContent(event: { preventDefault(): void }): void {
  event.preventDefault();
  document.getElementById("content")?.focus();
}

function Footer(props: { readonly version: string | null; readonly tenantId: string | null }) {
  return (
    <footer className="footer">
      <span>Fedge {props.version ?? ""}</span>
      {props.tenantId !== null && <span>tenant {props.tenantId}</span>}
      <a href="/openapi.json">HTTP interface</a>
      <a href="/healthz">Health</a>
      <a href="/metrics">Metrics</a>
    </footer>
  );
}
