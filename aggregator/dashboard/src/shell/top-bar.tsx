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
  /** Paths of pages of apps that this server serves, too. */
  readonly appPages: readonly string[];
}) {
  return (
    <header className="top-bar">
      <div className="top-bar-inner">
        <a className="brand" href={hrefOf(PAGES[0].path)} aria-label="Fedge, start page">
          <Logo />
          <span className="brand-name">Fedge</span>
        </a>
        <Navigation current={props.page} appPages={props.appPages} />
        <div className="top-bar-end">
          <ConnectionLight connection={props.connection} />
          <WhoMenu signing={props.signing} />
          <ThemeButton />
        </div>
      </div>
    </header>
  );
}

function Navigation(props: { readonly current: Page | null; readonly appPages: readonly string[] }) {
  return (
    <nav aria-label="Pages" className="navigation">
      {PAGES.map((page) => (
        <a
          key={page.path}
          href={hrefOf(page.path)}
          aria-current={page === props.current ? "page" : undefined}
          data-testid={`nav-${page.path}`}
        >
          {page.title}
        </a>
      ))}
      {props.appPages.map((path) => (
        <a key={path} href={path} className="app-link" title="An app that this server serves, with a device">
          {titleOfApp(path)} <span aria-hidden="true">↗</span>
        </a>
      ))}
    </nav>
  );
}

/** `/my-keyboard/` as it stands in the navigation: `My keyboard`. */
function titleOfApp(path: string): string {
  const words = path.replaceAll("/", " ").replaceAll("-", " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
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
