import type { LiveState } from "../data/use-fleet-state.js";
import { CreatePage } from "./create-page.js";
import { EditPage } from "./edit-page.js";
import { NEW_ROLLOUT, editedRolloutId } from "./new-rollout.js";
import { RolloutList } from "./rollout-list.js";
import { RolloutPage } from "./rollout-page.js";

/** Every rollout, one of them, a new one, or one that is changed. */
export function RolloutsPage(props: { readonly live: LiveState; readonly rolloutId: string | null }) {
  const { live, rolloutId } = props;
  if (rolloutId === null) return <RolloutList live={live} />;
  if (rolloutId === NEW_ROLLOUT) return <CreatePage live={live} present={null} />;
  const edited = editedRolloutId(rolloutId);
  if (edited !== null) return <EditPage key={rolloutId} live={live} rolloutId={edited} />;
  return <RolloutPage key={rolloutId} live={live} rolloutId={rolloutId} />;
}
