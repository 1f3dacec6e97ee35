import { useState } from "react";
import type { RolloutData } from "../data/api-types.js";
import type { LiveState } from "../data/use-fleet-state.js";
import { BackLink } from "../parts/back-link.js";
import { Problem } from "../parts/problem.js";
import { CreatePage } from "./create-page.js";
import { useRollout } from "./use-rollout.js";

/** A rollout that has not started, to be changed; what was read first stays in the form while others change it. */
export function EditPage(props: { readonly live: LiveState; readonly rolloutId: string }) {
  const { rollout, error } = useRollout(props.live, props.rolloutId);
  const [first, setFirst] = useState<RolloutData | null>(rollout);
  if (first === null && rollout !== null) setFirst(rollout);
  if (first !== null) return <CreatePage live={props.live} present={first} />;
  return (
    <div className="page-grid">
      <BackLink page="rollouts" text="Rollouts" />
      {error === null ? (
        <div className="card skeleton span-12 skeleton-hero" aria-busy="true" />
      ) : (
        <Problem error={error} testId="rollout-problem" />
      )}
    </div>
  );
}
