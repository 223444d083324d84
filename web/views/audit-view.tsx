import type { AuditRow, Page } from "../../src/server/api/answers.ts";
import { Answered } from "../parts/answered.tsx";
import { ShortDigest } from "../parts/digest.tsx";
import { Heading } from "../parts/heading.tsx";
import { LoginLink } from "../parts/login-link.tsx";
import { Moment } from "../parts/moment.tsx";
import { useMore } from "../parts/more.tsx";
import { Notice } from "../parts/notice.tsx";
import { useAnswer } from "../state/ask.ts";
import { linkTo } from "../state/place.ts";
import { say } from "../state/words.ts";

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
              <td data-label={say("what")}><span class="mark">{row.action}</span></td>
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
