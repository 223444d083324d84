import { useEffect, useRef, useState } from "preact/hooks";
import type { ViewProps } from "../app.tsx";
import { Failed } from "../parts/answered.tsx";
import { Heading } from "../parts/heading.tsx";
import { Refusal, tell } from "../state/ask.ts";
import { useSession } from "../state/session.ts";
import { say } from "../state/words.ts";

const FAILURES = { late: "loginLate", refused: "loginRefused", unavailable: "loginUnavailable" } as const;

export function LoginView({ place, onSession }: ViewProps) {
  const { provider } = useSession();
  const [error, setError] = useState<Error>();
  const first = useRef<HTMLInputElement>(null);
  useEffect(() => first.current?.focus(), []);
  const back = place.query.get("back") ?? "";
  const failed = place.query.get("failed") ?? "";
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    try {
      await tell("POST", "session", { user: fields.get("user"), password: fields.get("password") });
      location.hash = back.startsWith("#/") ? back : "#/";
      onSession();
    } catch (problem) {
      setError(problem as Error);
    }
  };
  return (
    <div class="narrow">
      <Heading title={say("logIn")} />
      {Object.hasOwn(FAILURES, failed) && <p class="problem" role="alert">{say(FAILURES[failed as keyof typeof FAILURES])}</p>}
      {provider !== undefined && <p class="actions"><a class="button strong" href={`/api/v1/oidc/login?${new URLSearchParams({ back })}`}>{say("logInWith", { provider })}</a></p>}
      <p class="quiet">{say("loginHint")}</p>
      <form onSubmit={(event) => void submit(event as SubmitEvent)}>
        <label>{say("user")}<input ref={first} name="user" autocomplete="username" required /></label>
        <label>{say("password")}<input name="password" type="password" autocomplete="current-password" required /></label>
        {error && (error instanceof Refusal ? <p class="problem" role="alert">{error.status === 401 ? say("loginWrong") : error.message}</p> : <Failed error={error} />)}
        <button type="submit" class={provider === undefined ? "strong" : ""}>{say("logIn")}</button>
      </form>
    </div>
  );
}
