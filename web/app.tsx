import type { ComponentType } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { SessionAnswer } from "../src/server/api/answers.ts";
import { TopBar } from "./parts/top-bar.tsx";
import { Answered } from "./parts/answered.tsx";
import { useAnswer } from "./state/ask.ts";
import { usePlace, type Place } from "./state/place.ts";
import { SessionContext } from "./state/session.ts";
import { currentLanguage, say } from "./state/words.ts";
import { AccessView } from "./views/access-view.tsx";
import { AuditView } from "./views/audit-view.tsx";
import { DiffView } from "./views/diff-view.tsx";
import { ImageView } from "./views/image-view.tsx";
import { LoginView } from "./views/login-view.tsx";
import { RepositoriesView } from "./views/repositories-view.tsx";
import { RetentionView } from "./views/retention-view.tsx";
import { TagsView } from "./views/tags-view.tsx";
import { TokensView } from "./views/tokens-view.tsx";
import { TrashView } from "./views/trash-view.tsx";
import { UsageView } from "./views/usage-view.tsx";

export interface ViewProps {
  readonly place: Place;
  /** After a login or a logout. */
  readonly onSession: () => void;
}

const views: Readonly<Record<string, ComponentType<ViewProps>>> = {
  repositories: RepositoriesView, tags: TagsView, image: ImageView, diff: DiffView, retention: RetentionView,
  trash: TrashView, audit: AuditView, usage: UsageView, access: AccessView, tokens: TokensView, login: LoginView,
};

export function App() {
  const place = usePlace();
  const [language, setLanguage] = useState(currentLanguage());
  const session = useAnswer<SessionAnswer>("session");
  const main = useRef<HTMLElement>(null);
  const View = (Object.hasOwn(views, place.view) ? views[place.view] : undefined) ?? RepositoriesView;

  useEffect(() => {
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
    document.title = `${place.query.get("repository") ?? say(titleOf(place.view))} · Sampan`;
  });
  // A reader of the screen, and the Tab key, go on with the new view; whoever logs in begins with their name.
  useEffect(() => void (place.view === "login" || main.current?.focus({ preventScroll: true })), [place.view, place.query.toString()]);

  return (
    <div key={language}>
      <a class="skip" href="#main" onClick={(event) => { event.preventDefault(); main.current?.focus(); }}>{say("skip")}</a>
      {session.state !== "ready" ? <main><Answered loaded={session}>{() => null}</Answered></main> : (
        <SessionContext.Provider value={session.answer}>
          <TopBar place={place} onLanguage={setLanguage} onSession={session.again} />
          <main id="main" ref={main} tabIndex={-1}><View key={`${session.answer.user ?? ""} ${place.view}`} place={place} onSession={session.again} /></main>
        </SessionContext.Provider>
      )}
    </div>
  );
}

function titleOf(view: string): "repositories" | "retention" | "trash" | "audit" | "usage" | "access" | "secrets" | "logIn" {
  if (view === "login") return "logIn";
  if (view === "tokens") return "secrets";
  return view === "retention" || view === "trash" || view === "audit" || view === "usage" || view === "access" ? view : "repositories";
}
