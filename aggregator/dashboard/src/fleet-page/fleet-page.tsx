import type { LiveState } from "../data/use-fleet-state.js";
import { TrustNotice } from "../parts/trust-notice.js";
import { DevicePage } from "./device-page.js";
import { DevicesCard } from "./devices-card.js";
import { PresenceCard, VersionsCard } from "./fleet-bars.js";

/** Who is here, what they serve, and one device's story. */
export function FleetPage(props: { readonly live: LiveState; readonly deviceId: string | null }) {
  const { live, deviceId } = props;
  const { overview } = live.state;
  if (deviceId !== null) return <DevicePage key={deviceId} deviceId={deviceId} offsetMs={live.offsetMs} />;
  if (overview === null) return null;
  return (
    <div className="page-grid" data-testid="fleet-page">
      <TrustNotice overview={overview} />
      <PresenceCard fleet={overview.fleet} />
      <VersionsCard fleet={overview.fleet} models={overview.models} />
      <DevicesCard offsetMs={live.offsetMs} />
    </div>
  );
}
