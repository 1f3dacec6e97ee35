import type { LiveState } from "../data/use-fleet-state.js";
import type { Route } from "../shell/route.js";
import { DriftList } from "./drift-list.js";
import { FeaturePage } from "./feature-page.js";
import { ModelPage } from "./model-page.js";
import { viewOf } from "./view-query.js";

/** Whether data still look like those that models were made for: every model, one of them, or one of its features. */
export function DriftPage({ live, route }: { readonly live: LiveState; readonly route: Route }) {
  const { item: model, part: feature } = route;
  if (model === null) return <DriftList live={live} />;
  const view = viewOf(route.query);
  if (feature === null) return <ModelPage key={model} live={live} model={model} view={view} />;
  return <FeaturePage key={`${model}/${feature}`} {...{ live, model, feature, view }} />;
}
