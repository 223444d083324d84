import { useEffect, useRef, useState } from "preact/hooks";
import type { Page, RepositoryRow } from "../../src/server/api/answers.ts";
import type { ViewProps } from "../app.tsx";
import { Answered } from "../parts/answered.tsx";
import { Command } from "../parts/command.tsx";
import { Heading } from "../parts/heading.tsx";
import { LoginLink } from "../parts/login-link.tsx";
import { Moment } from "../parts/moment.tsx";
import { useMore } from "../parts/more.tsx";
import { Notice } from "../parts/notice.tsx";
import { useAnswer } from "../state/ask.ts";
import { linkTo, placeOf } from "../state/place.ts";
import { useSession } from "../state/session.ts";
import { count, say, size } from "../state/words.ts";

const TYPING = 200;

export function RepositoriesView({ place }: ViewProps) {
  const field = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(place.query.get("search") ?? "");
  const [search, setSearch] = useState(text);
  useEffect(() => {
    if (text === search) return;
    const timer = setTimeout(() => {
      setSearch(text);
      // Somebody who follows a link at this moment goes there.
      if (placeOf(location.hash).view === "repositories") history.replaceState(null, "", linkTo("repositories", { search: text }));
    }, TYPING);
    return () => clearTimeout(timer);
  }, [text]);
  useEffect(() => {
    const jump = (event: KeyboardEvent): void => {
      if (event.key !== "/" || event.target instanceof HTMLInputElement) return;
      event.preventDefault();
      field.current?.focus();
    };
    addEventListener("keydown", jump);
    return () => removeEventListener("keydown", jump);
  }, []);
  return (
    <>
      <Heading title={say("repositories")}>
        <input ref={field} type="search" value={text} onInput={(event) => setText(event.currentTarget.value)} placeholder={say("searchHint")} aria-label={say("search")} />
      </Heading>
      <Found search={search.trim()} onAll={() => setText("")} />
    </>
  );
}

function Found({ search, onAll }: { search: string; onAll: () => void }) {
  const loaded = useAnswer<Page<RepositoryRow>>("repositories", { search }, ({ items }) => items.length > 0);
  return <Answered loaded={loaded}>{(page) => (page.items.length === 0 ? <NoneFound search={search} onAll={onAll} /> : <Rows page={page} search={search} />)}</Answered>;
}

function Rows({ page, search }: { page: Page<RepositoryRow>; search: string }) {
  const { items, button } = useMore(page, "repositories", { search });
  return (
    <>
      <table>
        <thead><tr><th>{say("name")}</th><th class="number">{say("tags")}</th><th class="number">{say("size")}</th><th>{say("pushed")}</th></tr></thead>
        <tbody>
          {items.map((row) => (
            <tr key={row.name}>
              <td><a class="name" href={linkTo("tags", { repository: row.name })}>{row.name}</a></td>
              <td class="number" data-label={say("tags")}>{count(row.tags)}</td>
              <td class="number" data-label={say("size")}>{size(row.size)}</td>
              <td data-label={say("pushed")}><Moment at={row.pushedAt} /></td>
            </tr>
          ))}
        </tbody>
      </table>
      {button}
    </>
  );
}

function NoneFound({ search, onAll }: { search: string; onAll: () => void }) {
  const { host, logins } = useSession();
  if (search !== "") {
    return <Notice title={say("noMatch", { words: search })}><p>{say("noMatchHint")}</p><p class="actions"><button type="button" onClick={onAll}>{say("all")}</button></p></Notice>;
  }
  if (logins) {
    return <Notice title={say("noneSeen")}><p>{say("noneSeenHint")}</p><LoginLink /></Notice>;
  }
  return <Notice title={say("noRepositories")}><p>{say("noRepositoriesHint")}</p><Command text={`sampan build --push -t ${host}/team/app:1.0.0 .`} /></Notice>;
}
