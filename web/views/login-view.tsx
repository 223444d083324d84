import { useState } from "preact/hooks";
import type { ViewProps } from "../app.tsx";
import { Failed } from "../parts/answered.tsx";
import { Heading } from "../parts/heading.tsx";
import { Refusal, tell } from "../state/ask.ts";
import { say } from "../state/words.ts";

export function LoginView({ place, onSession }: ViewProps) {
  const [error, setError] = useState<Error>();
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    try {
      await tell("POST", "session", { user: fields.get("user"), password: fields.get("password") });
      const back = place.query.get("back") ?? "";
      location.hash = back.startsWith("#/") ? back : "#/";
      onSession();
    } catch (problem) {
      setError(problem as Error);
    }
  };
  return (
    <div class="narrow">
      <Heading title={say("logIn")}><p class="quiet">{say("loginHint")}</p></Heading>
      <form onSubmit={(event) => void submit(event as SubmitEvent)}>
        <label>{say("user")}<input name="user" autocomplete="username" required /></label>
        <label>{say("password")}<input name="password" type="password" autocomplete="current-password" required /></label>
        {error && (error instanceof Refusal ? <p class="problem" role="alert">{error.message}</p> : <Failed error={error} />)}
        <button type="submit" class="strong">{say("logIn")}</button>
      </form>
    </div>
  );
}
