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
import { draftOf, editRequestOf, firstDraft, requestOf, type DraftRequest } from "./draft.js";
import { planOf } from "./planned-config.js";
import { PreviewCard } from "./preview-card.js";

const TYPING_MS = 400;

/** A new rollout, or one that has not started and is changed; and beside it which devices each wave would reach. */
export function CreatePage(props: { readonly live: LiveState; readonly present: RolloutData | null }) {
  const { live, present } = props;
  const { session } = useSession();
  const models = live.state.overview?.models ?? [];
  const [draft, setDraft] = useState(() => (present === null ? firstDraft(models) : draftOf(present)));
  const [openedAtMs] = useState(() => Date.now() + live.offsetMs);
  // As it was when the form began: whoever changed the plan since is not overwritten.
  const [revision] = useState(present?.revision);
  const templates = useTemplates();
  const request = useMemo(() => {
    if (present === null) return requestOf(draft, openedAtMs);
    return editRequestOf(draft, present.config, templates.data?.templates ?? []);
  }, [draft, present, openedAtMs, templates.data]);
  const preview = usePreview(request, draft.filter);
  return (
    <div className="page-grid" data-testid="create-page">
      <BackLink page="rollouts" text="Rollouts" />
      <Card title={titleOf(present)} className="span-6" testId="create-card">
        <CreateForm
          draft={draft}
          onChange={setDraft}
          models={models}
          versions={live.state.versionsOfModel[draft.model] ?? []}
          templates={templates}
          problem={preview.error === null ? null : { filter: preview.filter, error: preview.error }}
          refusal={refusalReason(session, "propose")}
          missing={request.missing}
          isEdit={present !== null}
          onCreate={useSend({ live, present, revision }, request)}
        />
      </Card>
      <PreviewCard
        preview={request.missing === null ? preview.data : null}
        plan={planOf(request, templates.data?.templates ?? [])}
        missing={request.missing}
        error={request.missing === null ? preview.error : null}
        isLoading={preview.isLoading}
      />
    </div>
  );
}

const titleOf = (present: RolloutData | null): string =>
  present === null ? "New rollout" : `Edit ${present.rolloutId}`;

interface Plan {
  readonly live: LiveState;
  readonly present: RolloutData | null;
  readonly revision: number | undefined;
}

/** Makes the rollout, or changes it, and goes to its page. */
function useSend({ live, present, revision }: Plan, request: DraftRequest): () => Promise<void> {
  const { api } = useSession();
  return async () => {
    const rollout = await (present === null
      ? api.post<RolloutData>("/v1/rollouts", request.body)
      : api.put<RolloutData>(
          `/v1/rollouts/${encodeURIComponent(present.rolloutId)}?revision=${revision}`,
          request.body,
        ));
    live.learn(rollout);
    window.location.assign(hrefOf("rollouts", rollout.rolloutId));
  };
}

function useTemplates() {
  const { api } = useSession();
  const load = useCallback(
    (signal: AbortSignal) => api.get<TemplateAnswer>("/v1/rollouts/templates", {}, signal),
    [api],
  );
  return useLoaded(load);
}

/** Asks what the draft would reach, once nobody types any more. */
function usePreview(request: DraftRequest, filter: string) {
  const { api } = useSession();
  const wanted = useMemo(() => ({ request, filter: filter.trim() }), [request, filter]);
  const asked = useDebounced(wanted, TYPING_MS);
  const load = useCallback(
    async (signal: AbortSignal): Promise<PreviewData | null> =>
      asked.request.missing === null
        ? api.post<PreviewData>("/v1/rollouts/preview", asked.request.body, signal)
        : null,
    [api, asked],
  );
  return { ...useLoaded(load), filter: asked.filter };
}
