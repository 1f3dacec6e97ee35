import { useId, useState, type FormEvent } from "react";
import type { DeviceData, TagsAnswer } from "../data/api-types.js";
import { refusalReason } from "../data/session.js";
import { useSession } from "../data/session-context.js";
import { asError } from "../data/use-loaded.js";
import { Problem } from "../parts/problem.js";

interface TagChange {
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

/** The device's tags; who may, adds and removes them. */
export function DeviceTags(props: {
  readonly device: DeviceData;
  readonly path: string;
  readonly onChanged: () => void;
}) {
  const { session, api } = useSession();
  const [said, setSaid] = useState<readonly string[] | null>(null);
  const [problem, setProblem] = useState<Error | null>(null);
  const refusal = refusalReason(session, "devices");
  const tags = props.device.tags ?? said ?? [];
  const change = async (wanted: TagChange): Promise<void> => {
    try {
      const answer = await api.post<TagsAnswer>(`${props.path}/tags`, wanted);
      setSaid(answer.tags);
      setProblem(null);
      props.onChanged();
    } catch (cause) {
      setProblem(asError(cause));
    }
  };
  return (
    <section className="tags" aria-label="Tags" data-testid="tags">
      <h3 className="sub-title">Tags</h3>
      <TagList
        tags={tags}
        canChange={refusal === null}
        onRemove={(tag) => void change({ add: [], remove: [tag] })}
      />
      {refusal === null ? (
        <TagForm onAdd={(tag) => change({ add: [tag], remove: [] })} />
      ) : (
        <p className="quiet">{refusal}</p>
      )}
      {problem !== null && <Problem error={problem} testId="tags-problem" />}
    </section>
  );
}

function TagList(props: {
  readonly tags: readonly string[];
  readonly canChange: boolean;
  readonly onRemove: (tag: string) => void;
}) {
  if (props.tags.length === 0) return <p className="quiet">none</p>;
  return (
    <ul className="chips">
      {props.tags.map((tag) => (
        <li key={tag} className="chip">
          {tag}
          {props.canChange && (
            <button type="button" className="chip-button" onClick={() => props.onRemove(tag)}>
              <span aria-hidden="true">×</span>
              <span className="visually-hidden">Remove tag {tag}</span>
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}

function TagForm({ onAdd }: { readonly onAdd: (tag: string) => Promise<void> }) {
  const id = useId();
  const [draft, setDraft] = useState("");
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const tag = draft.trim();
    if (tag === "") return;
    setDraft("");
    void onAdd(tag);
  };
  return (
    <form className="tag-form" onSubmit={submit}>
      <label htmlFor={id}>New tag</label>
      <input
        id={id}
        value={draft}
        maxLength={64}
        autoCapitalize="none"
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => setDraft(event.target.value)}
        data-testid="tag-input"
      />
      <button type="submit" className="action-button" data-testid="tag-add">
        Add tag
      </button>
    </form>
  );
}
