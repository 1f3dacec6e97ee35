import type { Theme } from "./use-theme.js";

export function Logo() {
  return (
    <svg className="logo" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
      <rect width="32" height="32" rx="8" className="logo-ground" />
      <g className="logo-lines">
        <path d="M16 16 8 9M16 16l8-7M16 16v9" />
      </g>
      <g className="logo-dots">
        <circle cx="16" cy="16" r="4.5" />
        <circle cx="8" cy="9" r="2.8" />
        <circle cx="24" cy="9" r="2.8" />
        <circle cx="16" cy="25" r="2.8" />
      </g>
    </svg>
  );
}

export function ThemeIcon({ theme }: { readonly theme: Theme }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" width="18" height="18" aria-hidden="true">
      {theme === "dark" ? (
        <path d="M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M5 19l2-2M17 7l2-2" />
      ) : (
        <path d="M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.500 10.500Z" />
      )}
    </svg>
  );
}
