import type { ComponentChildren } from "preact";
import { linkTo } from "../state/place.ts";
import { say } from "../state/words.ts";

/** The title of a view, below the way to it. */
export function Heading({ repository, title, children }: { repository?: string; title: string; children?: ComponentChildren }) {
  return (
    <header class="heading">
      {repository !== undefined && (
        <nav class="way" aria-label={say("repository")}>
          <a href={linkTo("repositories")}>{say("repositories")}</a> / {title === repository ? null : <><a href={linkTo("tags", { repository })}>{repository}</a> /</>}
        </nav>
      )}
      <h1>{title}</h1>
      {children}
    </header>
  );
}
