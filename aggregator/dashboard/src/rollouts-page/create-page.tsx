import { useCallback, useMemo, useState } from "react";
import type { PreviewData, RolloutData, TemplateAnswer } from "../data/api-types.js";
import { refusalReason } from "../data/session.js";
import { useSession } from "../data/session-context.js";
import type { LiveState } from "../data/use-fleet-state.js";
import { useLoaded } from "../data/use-loaded.js";
import { BackLink } from "../parts/back-link.js";
import { Card } from "../parts/card.js";
import { useDebounced } from "../parts/use-debounced.js";
import { hrefOf } from "../shell/route.js";
import { CreateForm } from "./create-form.js";
import { firstDraft, requestOf, type Draft } from "./draft.js";
import { PreviewCard } from "./preview-card.js";

const TYPING_MS = 400;

/** A new rollout, and beside it which devices each of its waves would reach. */
export function CreatePage({ live }: { readonly live: LiveState }) {
  const { api, session } = useSession();
  const models = live.state.overview?.models ?? [];
  const [draft, setDraft] = useState<Draft>(() => firstDraft(models));
  const loadTemplates = useCallback(
    (signal: AbortSignal) => api.get<TemplateAnswer>("/v1/rollouts/templates", {}, signal),
    [api],
  );
  const templates = useLoaded(loadTemplates);
  const preview = usePreview(draft);
  const create = async (): Promise<void> => {
    const rollout = await api.post<RolloutData>("/v1/rollouts", requestOf(draft));
    live.learn(rollout);
    window.location.assign(hrefOf("rollouts", rollout.rolloutId));
  };
  return (
    <div className="page-grid" data-testid="create-page">
      <BackLink page="rollouts" text="Rollouts" />
      <Card title="New rollout" className="span-6" testId="create-card">
        <CreateForm
          draft={draft}
          onChange={setDraft}
          models={models}
          versions={live.state.versionsOfModel[draft.model] ?? []}
          templates={templates}
          problem={preview.error === null ? null : { filter: preview.filter, error: preview.error }}
          refusal={refusalReason(session, "propose")}
          onCreate={create}
        />
      </Card>
      <PreviewCard preview={preview.data} error={preview.error} isLoading={preview.isLoading} />
    </div>
  );
}

/** Asks what the draft would reach, once nobody types any more. */
function usePreview(draft: Draft) {
  const { api } = useSession();
  const request = useMemo(() => requestOf(draft), [draft]);
  const asked = useDebounced(request, TYPING_MS);
  const load = useCallback(
    async (signal: AbortSignal): Promise<PreviewData | null> =>
      asked.model === "" ? null : api.post<PreviewData>("/v1/rollouts/preview", asked, signal),
    [api, asked],
  );
  return { ...useLoaded(load), filter: asked.filter };
}
