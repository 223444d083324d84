import type { ComponentChildren } from "preact";
import { Refusal, type Loaded } from "../state/ask.ts";
import { linkTo } from "../state/place.ts";
import { useSession } from "../state/session.ts";
import { say } from "../state/words.ts";
import { Notice } from "./notice.tsx";

/** What came, or that it is coming, or why it does not and what to do. */
export function Answered<Answer>({ loaded, children }: { loaded: Loaded<Answer> & { again?: () => void }; children: (answer: Answer) => ComponentChildren }) {
  if (loaded.state === "loading") return <p class="loading" role="status">{say("loading")}</p>;
  if (loaded.state === "ready") return <>{children(loaded.answer)}</>;
  return <Failed error={loaded.error} again={loaded.again} />;
}

export function Failed({ error, again }: { error: Error; again?: (() => void) | undefined }) {
  const { logins, user } = useSession();
  const status = error instanceof Refusal ? error.status : 0;
  const hint = status === 401 ? say("needLogin") : status === 403 ? say("denied") : status === 404 ? say("missing") : undefined;
  return (
    <Notice title={status === 0 ? say("unreachable") : say("failed")} alert>
      {status !== 0 && <p>{error.message}</p>}
      {hint && <p>{hint}</p>}
      <p class="actions">
        {status === 401 && logins && !user && <a class="button" href={linkTo("login", { back: location.hash })}>{say("logIn")}</a>}
        {again && <button type="button" onClick={again}>{say("again")}</button>}
      </p>
    </Notice>
  );
}
