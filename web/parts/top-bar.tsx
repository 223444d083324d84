import { useState } from "preact/hooks";
import icon from "../icon.svg";
import { tell } from "../state/ask.ts";
import { linkTo, type Place } from "../state/place.ts";
import { useSession } from "../state/session.ts";
import { chooseTheme, currentTheme } from "../state/theme.ts";
import { chooseLanguage, currentLanguage, say, type Language } from "../state/words.ts";

const VIEWS = ["repositories", "retention", "trash", "audit", "usage", "access"] as const;

export function TopBar({ place, onLanguage, onSession }: { place: Place; onLanguage: (language: Language) => void; onSession: () => void }) {
  const session = useSession();
  const [theme, setTheme] = useState(currentTheme());
  const other = theme === "dark" ? "light" : "dark";
  const current = ["tags", "image", "diff"].includes(place.view) ? "repositories" : place.view;
  const switchLanguage = (): void => {
    const next = currentLanguage() === "en" ? "zh" : "en";
    chooseLanguage(next);
    onLanguage(next);
  };
  return (
    <header class="bar">
      <a class="brand" href={linkTo("repositories")}><img src={icon} alt="" width="24" height="24" /> Sampan <span>{say("registry")}</span></a>
      <nav aria-label={say("views")}>
        {VIEWS.map((view) => <a key={view} href={linkTo(view)} aria-current={view === current ? "page" : undefined}>{say(view)}</a>)}
      </nav>
      <div class="tools">
        <button type="button" class="plain" onClick={switchLanguage} lang={currentLanguage() === "en" ? "zh-CN" : "en"}>{say("language")}</button>
        <button type="button" class="plain" onClick={() => { chooseTheme(other); setTheme(other); }}>{say(other)}</button>
        {session.user !== undefined && <a class="user" href={linkTo("tokens")} title={say("secrets")} aria-current={place.view === "tokens" ? "page" : undefined}>{session.user}</a>}
        {session.user !== undefined && <button type="button" class="plain" onClick={() => void tell("DELETE", "session").then(onSession)}>{say("logOut")}</button>}
        {session.user === undefined && session.logins && <a class="button" href={linkTo("login")}>{say("logIn")}</a>}
      </div>
    </header>
  );
}
