import type { OverviewData } from "../data/fleet-state.js";
import { trustNotices } from "./trust-notices.js";

/** What keeps devices from believing what is signed, or soon will; nothing while all is well. */
export function TrustNotice({ overview }: { readonly overview: OverviewData }) {
  const notices = trustNotices(overview);
  if (notices.length === 0) return null;
  return (
    <div className="card span-12 trust-notice" role="status" data-testid="trust-notice">
      {notices.map((notice) => (
        <p key={notice} className="problem">
          {notice}
        </p>
      ))}
    </div>
  );
}
