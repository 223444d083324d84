import type { SignatureWord } from "../../src/server/api/answers.ts";
import { say } from "../state/words.ts";

/** Whether an image is signed; nothing where nobody asks for it. */
export function SignatureMark({ word }: { word: SignatureWord }) {
  if (word === "none") return null;
  const [text, hint, kind] = word === "valid" ? (["signed", "signedHint", "good"] as const) : word === "missing" ? (["unsigned", "unsignedHint", "bad"] as const) : (["signatures", "signaturesHint", ""] as const);
  return <span class={`mark ${kind}`} title={say(hint)}>{say(text)}</span>;
}
