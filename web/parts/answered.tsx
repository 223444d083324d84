import type { ComponentChildren } from "preact";
import { because } from "../state/because.ts";
import { Refusal, type Loaded } from "../state/ask.ts";
import { say, type Word } from "../state/words.ts";
import { LoginLink } from "./login-link.tsx";
import { Notice } from "./notice.tsx";

/** By status; 0 is no answer at all. */
const TITLES: Readonly<Record<number, Word>> = { 0: "unreachable", 401: "needLogin", 403: "deniedTitle", 404: "missingTitle" };

/** What came, or that it is coming, or why it does not and what to do. */
export function Answered<Answer>({ loaded, children }: { loaded: Loaded<Answer> & { again?: () => void }; children: (answer: Answer) => ComponentChildren }) {
  if (loaded.state === "loading") return <p class="loading" role="status">{say("loading")}</p>;
  if (loaded.state === "ready") return <>{children(loaded.answer)}</>;
  return <Failed error={loaded.error} again={loaded.again} />;
}

export function Failed({ error, again }: { error: Error; again?: (() => void) | undefined }) {
  const status = error instanceof Refusal ? error.status : 0;
  const hint = status === 403 ? say("denied") : status === 404 ? say("missing") : undefined;
  return (
    <Notice title={say(TITLES[status] ?? "failed")} alert>
      {status !== 0 && <p>{messageOf(error)}</p>}
      {hint && <p>{hint}</p>}
      {status === 401 && <LoginLink />}
      {again && <p class="actions"><button type="button" onClick={again}>{say("again")}</button></p>}
    </Notice>
  );
}

/** What the registry says, in the language of the page where it has words for it. */
export function messageOf(error: Error): string {
  return error instanceof Refusal && error.why ? because(error.message, [error.why]) : error.message;
}
