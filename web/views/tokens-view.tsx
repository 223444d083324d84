import { useState } from "preact/hooks";
import type { CreatedSecret, SecretRow, SecretsAnswer } from "../../src/server/api/answers.ts";
import { Answered, Failed, messageOf } from "../parts/answered.tsx";
import { Command } from "../parts/command.tsx";
import { Heading } from "../parts/heading.tsx";
import { LoginLink } from "../parts/login-link.tsx";
import { Moment } from "../parts/moment.tsx";
import { Notice } from "../parts/notice.tsx";
import { tell, useAnswer } from "../state/ask.ts";
import { useSession } from "../state/session.ts";
import { say } from "../state/words.ts";

type Kind = "tokens" | "robots";

/** Personal tokens of whoever looks, and the robots that they may change. */
export function TokensView() {
  const { logins, user } = useSession();
  if (!logins) return <><Heading title={say("secrets")} /><Notice title={say("noLogins")}><p>{say("noLoginsHint")}</p></Notice></>;
  if (user === undefined) return <><Heading title={say("secrets")} /><Notice title={say("needLogin")}><LoginLink /></Notice></>;
  return (
    <>
      <Heading title={say("secrets")} />
      <Secrets kind="tokens" />
      <Secrets kind="robots" />
    </>
  );
}

function Secrets({ kind }: { kind: Kind }) {
  const loaded = useAnswer<SecretsAnswer>(kind, {}, () => true);
  const [created, setCreated] = useState<CreatedSecret>();
  const done = (secret: CreatedSecret): void => {
    setCreated(secret);
    loaded.again();
  };
  return (
    <section aria-label={say(kind)}>
      <h2>{say(kind)}</h2>
      <p class="quiet">{say(kind === "tokens" ? "tokensHint" : "robotsHint")}</p>
      <Answered loaded={loaded}>
        {(answer) => (
          <>
            {created && <Created secret={created} />}
            {answer.items.length === 0 ? <p class="quiet">{say("noSecrets")}</p> : <Rows kind={kind} rows={answer.items} again={loaded.again} />}
            {answer.mayCreate && <Create key={created?.name} kind={kind} roles={answer.roles} onCreated={done} />}
          </>
        )}
      </Answered>
    </section>
  );
}

function Created({ secret: { login, secret } }: { secret: CreatedSecret }) {
  return (
    <div role="status">
      <p class="done">{say("secretOnce", { login })}</p>
      <Command label={say("secret")} text={secret} />
    </div>
  );
}

function Rows({ kind, rows, again }: { kind: Kind; rows: readonly SecretRow[]; again: () => void }) {
  const [asked, setAsked] = useState<string>();
  const [error, setError] = useState<Error>();
  const change = (method: "POST" | "DELETE", path: string, { name, login }: SecretRow, more: object = {}): void => {
    setError(undefined);
    setAsked(undefined);
    void tell(method, path, { name, ...(kind === "tokens" ? { user: login } : {}), ...more }).then(again, setError);
  };
  return (
    <>
      {error && <Failed error={error} />}
      <table>
        <thead><tr><th>{say("name")}</th><th>{say("user")}</th><th>{say("goodFor")}</th><th>{say("expiry")}</th><th>{say("used")}</th><th /></tr></thead>
        <tbody>
          {rows.map((row) => {
            const id = `${row.login} ${row.name}`;
            return (
              <tr key={id}>
                <td><span class="name">{row.name}</span> {row.state !== "good" && <span class="mark bad">{say(row.state)}</span>}</td>
                <td data-label={say("user")}><code>{row.login}</code></td>
                <td data-label={say("goodFor")}>{row.role === undefined ? <span class="quiet">{say(kind === "tokens" ? "allRights" : "grantsOnly")}</span> : <>{row.role} <code>{row.repositories.join(" ")}</code></>}</td>
                <td data-label={say("expiry")}>{row.expiresAt === undefined ? say("never") : <Moment at={row.expiresAt} />}</td>
                <td data-label={say("used")}>{row.usedAt === undefined ? say("never") : <Moment at={row.usedAt} />}</td>
                <td>
                  <p class="actions tight">
                    {asked === id
                      ? <><button type="button" class="danger" onClick={() => change("DELETE", kind, row)}>{say("removeReally", { name: row.name })}</button><button type="button" onClick={() => setAsked(undefined)}>{say("cancel")}</button></>
                      : <><button type="button" onClick={() => change("POST", `${kind}/disable`, row, { disabled: row.state !== "disabled" })} aria-label={`${say(row.state === "disabled" ? "enable" : "disable")} ${row.name}`}>{say(row.state === "disabled" ? "enable" : "disable")}</button><button type="button" onClick={() => setAsked(id)} aria-label={`${say("remove")} ${row.name}`}>{say("remove")}</button></>}
                  </p>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </>
  );
}

function Create({ kind, roles, onCreated }: { kind: Kind; roles: readonly string[]; onCreated: (secret: CreatedSecret) => void }) {
  const [error, setError] = useState<Error>();
  const [role, setRole] = useState("");
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    setError(undefined);
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    const repositories = String(fields.get("repositories") ?? "").split(/[\s,]+/).filter((pattern) => pattern !== "");
    void tell<CreatedSecret>("POST", kind, { name: fields.get("name"), expires: fields.get("expires"), ...(role === "" ? {} : { role, repositories }) }).then(onCreated, setError);
  };
  return (
    <form class="secret" onSubmit={(event) => submit(event as SubmitEvent)}>
      <label>{say("name")}<input name="name" required placeholder={kind === "tokens" ? "laptop" : "ci"} pattern="[a-z0-9]([a-z0-9._\-]{0,61}[a-z0-9])?" /></label>
      <label>{say("role")}
        <select value={role} onChange={(event) => setRole(event.currentTarget.value)}>
          <option value="">{say(kind === "tokens" ? "allRights" : "grantsOnly")}</option>
          {roles.map((each) => <option key={each} value={each}>{each}</option>)}
        </select>
      </label>
      <label>{say("repositories")}<input name="repositories" disabled={role === ""} required={role !== ""} placeholder="team/** prod/*" /></label>
      <label>{say("expiry")}
        <select name="expires" defaultValue="90d">
          {[7, 30, 90, 365].map((count) => <option key={count} value={`${count}d`} selected={count === 90}>{say("days", { count })}</option>)}
          <option value="never">{say("never")}</option>
        </select>
      </label>
      <button type="submit" class="strong">{say(kind === "tokens" ? "createToken" : "createRobot")}</button>
      {error && <p class="problem" role="alert">{messageOf(error)}</p>}
    </form>
  );
}
