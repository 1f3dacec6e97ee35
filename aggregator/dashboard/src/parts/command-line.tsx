import { useState } from "react";

/** A command to type, with a button that copies it. */
export function CommandLine({ command }: { readonly command: string }) {
  const [isCopied, setIsCopied] = useState(false);
  const copy = (): void => {
    navigator.clipboard.writeText(command).then(
      () => setIsCopied(true),
      () => setIsCopied(false),
    );
  };
  return (
    <div className="command-line">
      <code>{command}</code>
      <button type="button" className="quiet-button" onClick={copy} onBlur={() => setIsCopied(false)}>
        {isCopied ? "Copied" : "Copy"}
        <span className="visually-hidden">: {command}</span>
      </button>
    </div>
  );
}
