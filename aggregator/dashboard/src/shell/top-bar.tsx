import type { ConnectionState } from "../data/feed-connection.js";
import type { SessionState } from "../data/use-session-state.js";
import { ConnectionLight } from "./connection.js";
import { Logo, ThemeIcon } from "./icons.js";
import { PAGES, type Page } from "./pages.js";
import { hrefOf } from "./route.js";
import { toggleTheme, useTheme } from "./use-theme.js";
import { WhoMenu } from "./who-menu.js";

export function TopBar(props: {
  /** The page that is shown; null where one signs in. */
  readonly page: Page | null;
  readonly connection: ConnectionState;
  readonly signing: SessionState;
}) {
  return (
    <header className="top-bar">
      <div className="top-bar-inner">
        <a className="brand" href={hrefOf(PAGES[0].path)} aria-label="Fedge, start page">
          <Logo />
          <span className="brand-name">Fedge</span>
        </a>
        <Navigation current={props.page} />
        <div className="top-bar-end">
          <ConnectionLight connection={props.connection} />
          <WhoMenu signing={props.signing} />
          <ThemeButton />
        </div>
      </div>
    </header>
  );
}

function Navigation({ current }: { readonly current: Page | null }) {
  return (
    <nav aria-label="Pages" className="navigation">
      {PAGES.map((page) => (
        <a
          key={page.path}
          href={hrefOf(page.path)}
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
