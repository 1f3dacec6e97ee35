export type Tone = "good" | "busy" | "warn" | "bad" | "quiet";

export function Badge({ tone, children }: { readonly tone: Tone; readonly children: string }) {
  return (
    <span className="badge" data-tone={tone}>
      {children}
    </span>
  );
}
