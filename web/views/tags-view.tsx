import { useState } from "preact/hooks";
import type { Page, TagRow } from "../../src/server/api/answers.ts";
import type { ViewProps } from "../app.tsx";
import { Answered } from "../parts/answered.tsx";
import { Command } from "../parts/command.tsx";
import { ShortDigest } from "../parts/digest.tsx";
import { Heading } from "../parts/heading.tsx";
import { Moment } from "../parts/moment.tsx";
import { useMore } from "../parts/more.tsx";
import { Notice } from "../parts/notice.tsx";
import { SignatureMark } from "../parts/signature.tsx";
import { useAnswer } from "../state/ask.ts";
import { linkTo } from "../state/place.ts";
import { useSession } from "../state/session.ts";
import { age, count, say, size } from "../state/words.ts";

const ORDERS = ["pushed", "version", "name"] as const;
type Order = (typeof ORDERS)[number];

export function TagsView({ place }: ViewProps) {
  const repository = place.query.get("repository") ?? "";
  const sort = ORDERS.find((order) => order === place.query.get("sort")) ?? "pushed";
  const loaded = useAnswer<Page<TagRow>>("tags", { repository, sort });
  return (
    <>
      <Heading repository={repository} title={repository} />
      <Answered loaded={loaded}>{(page) => <Tags key={repository} page={page} repository={repository} sort={sort} />}</Answered>
    </>
  );
}

function Tags({ page, repository, sort }: { page: Page<TagRow>; repository: string; sort: Order }) {
  const { host } = useSession();
  const { items, button } = useMore(page, "tags", { repository, sort });
  const [chosen, setChosen] = useState<readonly string[]>([]);
  if (items.length === 0) return <Notice title={say("noTags")}><p>{say("noTagsHint")}</p><Command text={`sampan push ${host}/${repository}:1.0.0`} /></Notice>;
  // Two at most: a third takes the place of the first.
  const toggle = (tag: string): void => setChosen(chosen.includes(tag) ? chosen.filter((each) => each !== tag) : [...chosen, tag].slice(-2));
  const [from, to] = [...chosen].sort((a, b) => pushed(items, a) - pushed(items, b));
  return (
    <>
      <p class="actions">
        {from !== undefined && to !== undefined
          ? <a class="button strong" href={linkTo("diff", { repository, from, to })}>{say("compare")}: {from} → {to}</a>
          : <span class="quiet">{say("compareHint")}</span>}
        <a class="button" href={linkTo("access", { repository })}>{say("access")}</a>
        <span class="orders" role="group" aria-label={say("sort")}>
          {ORDERS.map((order) => <a key={order} class="button" href={linkTo("tags", { repository, sort: order })} aria-current={order === sort ? "true" : undefined}>{say(order === "pushed" ? "byPush" : order === "version" ? "byVersion" : "byName")}</a>)}
        </span>
      </p>
      <table>
        <thead>
          <tr><th><span class="hidden">{say("compare")}</span></th><th>{say("tag")}</th><th>{say("platforms")}</th><th class="number">{say("size")}</th><th>{say("pushed")}</th><th class="number">{say("pulls")}</th><th class="number">{say("referrers")}</th></tr>
        </thead>
        <tbody>{items.map((row) => <Row key={row.tag} row={row} repository={repository} chosen={chosen.includes(row.tag)} onChoose={() => toggle(row.tag)} />)}</tbody>
      </table>
      {button}
    </>
  );
}

function Row({ row, repository, chosen, onChoose }: { row: TagRow; repository: string; chosen: boolean; onChoose: () => void }) {
  return (
    <tr>
      <td class="check"><input type="checkbox" checked={chosen} onChange={onChoose} aria-label={say("choose", { tag: row.tag })} /></td>
      <td>
        <a class="name" href={linkTo("image", { repository, reference: row.tag })}>{row.tag}</a> {row.immutable && <span class="mark">{say("immutable")}</span>} <SignatureMark word={row.signature} />
        <div><ShortDigest digest={row.digest} /></div>
      </td>
      <td data-label={say("platforms")}>{row.platforms.map((platform) => <span key={platform} class="mark">{platform}</span>)}</td>
      <td class="number" data-label={say("size")}>{size(row.size)}</td>
      <td data-label={say("pushed")}><Moment at={row.pushedAt} />{row.pushedBy && <div class="quiet">{say("by", { user: row.pushedBy })}</div>}</td>
      <td class="number" data-label={say("pulls")} title={row.pulledAt === undefined ? say("neverPulled") : say("pulled", { age: age(row.pulledAt) })}>{count(row.pulls)}</td>
      <td class="number" data-label={say("referrers")}>{count(row.referrers)}</td>
    </tr>
  );
}

function pushed(rows: readonly TagRow[], tag: string): number {
  return rows.find((row) => row.tag === tag)?.pushedAt ?? 0;
}
