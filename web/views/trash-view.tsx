import { useState } from "preact/hooks";
import type { Page, TrashRow } from "../../src/server/api/answers.ts";
import { Answered, Failed } from "../parts/answered.tsx";
import { Heading } from "../parts/heading.tsx";
import { Moment } from "../parts/moment.tsx";
import { Notice } from "../parts/notice.tsx";
import { tell, useAnswer } from "../state/ask.ts";
import { because } from "../state/because.ts";
import { linkTo } from "../state/place.ts";
import { say } from "../state/words.ts";

export function TrashView() {
  const loaded = useAnswer<Page<TrashRow>>("trash");
  const [restored, setRestored] = useState<string>();
  const [error, setError] = useState<Error>();
  const restore = ({ repository, tag }: TrashRow): void => {
    setError(undefined);
    void tell("POST", "trash/restore", { repository, tag }).then(() => (setRestored(`${repository}:${tag}`), loaded.again()), setError);
  };
  return (
    <>
      <Heading title={say("trash")} />
      {error && <Failed error={error} />}
      {restored && <p class="done" role="status">{say("restored", { tag: restored })}</p>}
      <Answered loaded={loaded}>
        {({ items }) => (items.length === 0 ? <Notice title={say("noTrash")}><p>{say("noTrashHint")}</p></Notice> : (
          <table>
            <thead><tr><th>{say("tag")}</th><th>{say("deleted")}</th><th>{say("expires")}</th><th>{say("reason")}</th><th /></tr></thead>
            <tbody>
              {items.map((row, index) => (
                <tr key={index}>
                  <td><a class="name" href={linkTo("tags", { repository: row.repository })}>{row.repository}</a>:{row.tag}</td>
                  <td data-label={say("deleted")}><Moment at={row.discardedAt} />{row.by && <div class="quiet">{say("by", { user: row.by })}</div>}</td>
                  <td data-label={say("expires")}><Moment at={row.expiresAt} /></td>
                  <td class="step" data-label={say("reason")}>{because(row.reason, row.why)}</td>
                  <td>{row.mayRestore && <button type="button" onClick={() => restore(row)} aria-label={`${say("restore")} ${row.repository}:${row.tag}`}>{say("restore")}</button>}</td>
                </tr>
              ))}
            </tbody>
          </table>
        ))}
      </Answered>
    </>
  );
}
