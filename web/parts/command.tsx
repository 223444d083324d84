import { useState } from "preact/hooks";
import { say } from "../state/words.ts";

/** A command that can be copied as it is. */
export function Command({ label, text }: { label?: string; text: string }) {
  const [copied, setCopied] = useState(false);
  const copy = (): void => {
    void copyText(text).then((done) => {
      setCopied(done);
      setTimeout(() => setCopied(false), 2000);
    });
  };
  return (
    <div class="command">
      {label && <span class="label">{label}</span>}
      <code tabIndex={0}>{text}</code>
      <button type="button" onClick={copy} aria-label={`${say("copy")}: ${text}`}>{copied ? say("copied") : say("copy")}</button>
    </div>
  );
}

/** Browsers give the clipboard to encrypted pages and to this machine only; others have the older way. */
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.body.appendChild(Object.assign(document.createElement("textarea"), { value: text }));
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }
}
