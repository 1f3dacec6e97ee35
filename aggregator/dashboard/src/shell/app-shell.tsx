import { useState } from "react";
import { readToken, storeToken } from "../data/access-token.js";
import type { ConnectionState } from "../data/feed-connection.js";
import { useFleetState } from "../data/use-fleet-state.js";
import { LoadingPage } from "../parts/loading-page.js";
import { AccessPrompt } from "./access-prompt.js";
import { ConnectionBanner, ConnectionLight } from "./connection.js";
import { Logo, ThemeIcon } from "./icons.js";
import { PAGES, type Page } from "./pages.js";
import { usePage } from "./use-page.js";
import { toggleTheme, useTheme } from "./use-theme.js";

/** Frame of every page: navigation, connection, theme. */
export function AppShell() {
  const [token, setToken] = useState(readToken);
  const { state, connection } = useFleetState(token);
  const page = usePage();
  const useNewToken = (fresh: string): void => {
    storeToken(fresh);
    setToken(fresh);
  };
  return (
    <>
      <a className="skip-link" href="#content">
        Skip to content
      </a>
      <TopBar page={page} connection={connection} />
      <ConnectionBanner connection={connection} hasData={state.overview !== null} />
      <main id="content" tabIndex={-1} className="content">
        <h1 className="visually-hidden">{page.title}</h1>
        {connection === "refused" ? (
          <AccessPrompt isWrong={token !== null} onToken={useNewToken} />
        ) : state.overview === null ? (
          <LoadingPage />
        ) : (
          page.render(state)
        )}
      </main>
      <Footer version={state.overview?.version ?? null} tenantId={state.overview?.tenantId ?? null} />
    </>
  );
}

function TopBar(props: { readonly page: Page; readonly connection: ConnectionState }) {
  return (
    <header className="top-bar">
      <div className="top-bar-inner">
        <a className="brand" href={`#/${PAGES[0].path}`} aria-label="Fedge, start page">
          <Logo />
          <span>Fedge</span>
        </a>
        <Navigation current={props.page} />
        <div className="top-bar-end">
          <ConnectionLight connection={props.connection} />
          <ThemeButton />
        </div>
      </div>
    </header>
  );
}

function Navigation({ current }: { readonly current: Page }) {
  return (
    <nav aria-label="Pages" className="navigation">
      {PAGES.map((page) => (
        <a
          key={page.path}
          href={`#/${page.path}`}
          aria-current={page === current ? "page" : undefined}
          data-testid={`nav-${page.path}`}
        >
          {page.title}
        </a>
      ))}
    </nav>
  );
}

function ThemeButton() {
  const theme = useTheme();
  const other = theme === "dark" ? "light" : "dark";
  return (
    <button
      type="button"
      className="icon-button"
      onClick={toggleTheme}
      aria-label={`Switch to the ${other} theme`}
      title={`Switch to the ${other} theme`}
      data-testid="theme-toggle"
    >
      <ThemeIcon theme={theme} />
    </button>
  );
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
