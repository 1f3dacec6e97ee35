import type { ReactNode } from "react";

/** One number with its name and a line of context. */
export function StatTile(props: {
  readonly label: string;
  readonly value: string;
  readonly detail: ReactNode;
  readonly testId: string;
}) {
  return (
    <div className="stat card" data-testid={props.testId}>
      <span className="stat-label">{props.label}</span>
      <span className="stat-value">{props.value}</span>
      <span className="stat-detail">{props.detail}</span>
    </div>
  );
}
