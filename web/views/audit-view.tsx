import type { AuditRow, Because, Page } from "../../src/server/api/answers.ts";
import { Answered } from "../parts/answered.tsx";
import { ShortDigest } from "../parts/digest.tsx";
import { Heading } from "../parts/heading.tsx";
import { LoginLink } from "../parts/login-link.tsx";
import { Moment } from "../parts/moment.tsx";
import { useMore } from "../parts/more.tsx";
import { Notice } from "../parts/notice.tsx";
import { useAnswer } from "../state/ask.ts";
import { because } from "../state/because.ts";
import { linkTo } from "../state/place.ts";
import { say, type Word } from "../state/words.ts";

export function AuditView() {
  const loaded = useAnswer<Page<AuditRow>>("audit");
  return <><Heading title={say("audit")} /><Answered loaded={loaded}>{(page) => <Changes page={page} />}</Answered></>;
}

function Changes({ page }: { page: Page<AuditRow> }) {
  const { items, button } = useMore(page, "audit", {});
  if (items.length === 0) return <><Notice title={say("noAudit")}><p>{say("noAuditHint")}</p><LoginLink /></Notice>{button}</>;
  return (
    <>
      <table>
        <thead><tr><th>{say("when")}</th><th>{say("what")}</th><th>{say("repository")}</th><th>{say("digest")}</th><th>{say("who")}</th><th>{say("from")}</th></tr></thead>
        <tbody>
          {items.map((row) => (
            <tr key={row.id}>
              <td data-label={say("when")}><Moment at={row.at} /></td>
              <td data-label={say("what")}><span class="mark">{row.action}</span> <Details detail={row.detail ?? {}} why={row.why ?? []} /></td>
              <td {...(row.repository ? { "data-label": say("repository") } : {})}>{row.repository && <a class="name" href={linkTo("tags", { repository: row.repository })}>{row.repository}</a>}{row.tag && `:${row.tag}`}</td>
              <td {...(row.digest ? { "data-label": say("digest") } : {})}>{row.digest && <ShortDigest digest={row.digest} />}</td>
              <td data-label={say("who")}>{row.user ?? <span class="quiet">–</span>}</td>
              <td class="quiet" data-label={say("from")}>{row.address}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {button}
    </>
  );
}

const LABELS: Readonly<Record<string, Word>> = { expires: "expiry", role: "role", repositories: "repositories", user: "user", from: "from", before: "before", reason: "reason", tags: "tags" };

/** What it was about, beside repository and tag: the name of a robot, what a tag named before. */
function Details({ detail: { name, ...more }, why }: { detail: Readonly<Record<string, string>>; why: readonly Because[] }) {
  const rest = Object.entries(more);
  return (
    <>
      {name !== undefined && <span class="name">{name}</span>}
      {rest.length > 0 && (
        <div class="quiet detail">
          {rest.map(([key, value], index) => <span key={key}>{index > 0 && " · "}{Object.hasOwn(LABELS, key) ? say(LABELS[key]!) : key} <Value of={key} text={value} why={why} /></span>)}
        </div>
      )}
    </>
  );
}

function Value({ of: key, text, why }: { of: string; text: string; why: readonly Because[] }) {
  if (/^sha(256|512):/.test(text)) return <ShortDigest digest={text} />;
  if (key === "expires" && !Number.isNaN(Date.parse(text))) return <Moment at={Date.parse(text)} />;
  return <>{key === "reason" ? because(text, why) : text}</>;
}
