import type { AccessAnswer } from "../../src/server/api/answers.ts";
import type { ViewProps } from "../app.tsx";
import { Answered } from "../parts/answered.tsx";
import { Heading } from "../parts/heading.tsx";
import { useAnswer } from "../state/ask.ts";
import { because } from "../state/because.ts";
import { linkTo } from "../state/place.ts";
import { say } from "../state/words.ts";

export function AccessView({ place: { query } }: ViewProps) {
  const [repository, user] = [query.get("repository") ?? "", query.get("user") ?? ""];
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    location.hash = linkTo("access", { repository: String(fields.get("repository")), user: String(fields.get("user")) });
  };
  return (
    <>
      <Heading title={say("access")}><p class="quiet">{say("accessHint")}</p></Heading>
      <form class="row" onSubmit={(event) => submit(event as SubmitEvent)}>
        <label>{say("repository")}<input name="repository" defaultValue={repository} required placeholder="team/app" /></label>
        <label>{say("accessFor")}<input name="user" defaultValue={user} /></label>
        <button type="submit" class="strong">{say("explain")}</button>
      </form>
      {repository !== "" && <Explained repository={repository} user={user} />}
    </>
  );
}

function Explained({ repository, user }: { repository: string; user: string }) {
  const loaded = useAnswer<AccessAnswer>("access", { repository, user });
  return (
    <Answered loaded={loaded}>
      {(answer) => (
        <section>
          <h2>{answer.user} · {answer.repository}</h2>
          {answer.notes.map((note, index) => <p key={note}>{because(note, answer.whyNotes.slice(index, index + 1))}</p>)}
          <table>
            <thead><tr><th>{say("right")}</th><th /><th>{say("reason")}</th></tr></thead>
            <tbody>
              {answer.rights.map(({ right, allowed, reason, why }) => (
                <tr key={right}><td class="name">{right}</td><td><span class={`mark ${allowed ? "good" : "bad"}`}>{say(allowed ? "allowed" : "refused")}</span></td><td class="step">{because(reason, [why])}</td></tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </Answered>
  );
}
