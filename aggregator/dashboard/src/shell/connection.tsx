import type { ConnectionState } from "../data/feed-connection.js";

const LABELS: Readonly<Record<ConnectionState, string>> = {
  connecting: "Connecting",
  live: "Live",
  lost: "Offline",
  refused: "Locked",
};

export function ConnectionLight({ connection }: { readonly connection: ConnectionState }) {
  return (
    <span className="connection" data-state={connection} data-testid="connection" role="status">
      <span className="connection-dot" aria-hidden="true" />
      <span className="connection-label">{LABELS[connection]}</span>
    </span>
  );
}

/** Lies over the page, so that its coming and going moves nothing. */
export function ConnectionBanner(props: { readonly connection: ConnectionState; readonly hasData: boolean }) {
  if (props.connection !== "lost") return null;
  return (
    <div className="connection-banner" role="alert" data-testid="connection-banner">
      <strong>Connection to the aggregator lost.</strong>{" "}
      {props.hasData ? "The page shows the last known state and reconnects by itself." : "Trying again."}
    </div>
  );
}
