import type { Page, ReplicationRow, RepositoryRow, UsageAnswer } from "../../src/server/api/answers.ts";
import { Answered } from "../parts/answered.tsx";
import { Heading } from "../parts/heading.tsx";
import { Moment } from "../parts/moment.tsx";
import { Notice } from "../parts/notice.tsx";
import { layOut } from "../parts/lay-out.ts";
import { useAnswer } from "../state/ask.ts";
import { because } from "../state/because.ts";
import { linkTo } from "../state/place.ts";
import { count, say, size } from "../state/words.ts";

const WIDE = { width: 1000, height: 420 };
/** Letters have the size that they have on the screen. */
const NARROW = { width: 360, height: 300 };
/** The widest that a letter of a name is on the average, in the units of the picture. */
const LETTER = 9.5;

export function UsageView() {
  const loaded = useAnswer<UsageAnswer>("usage");
  return (
    <>
      <Heading title={say("usage")} />
      <Answered loaded={loaded}>
        {(usage) => (usage.size === 0 ? <Notice title={say("noUsage")} /> : (
          <>
            <p>{say("usageSum", { size: size(usage.size), count: usage.count })}{usage.stored !== undefined && <span class="quiet"> · {say("usageStored", { size: size(usage.stored) })}</span>}</p>
            <Picture rows={usage.repositories} />
            <table>
              <thead><tr><th>{say("name")}</th><th class="number">{say("tags")}</th><th class="number">{say("size")}</th></tr></thead>
              <tbody>
                {usage.repositories.map((row) => (
                  <tr key={row.name}><td><a class="name" href={linkTo("tags", { repository: row.name })}>{row.name}</a></td><td class="number" data-label={say("tags")}>{count(row.tags)}</td><td class="number" data-label={say("size")}>{size(row.size)}</td></tr>
                ))}
              </tbody>
            </table>
          </>
        ))}
      </Answered>
      <Replication />
    </>
  );
}

/** Nothing where there is none, and for those whom it does not concern. */
function Replication() {
  const loaded = useAnswer<Page<ReplicationRow>>("replication");
  if (loaded.state !== "ready" || loaded.answer.items.length === 0) return null;
  return (
    <section>
      <h2>{say("replication")}</h2>
      <table>
        <thead><tr><th>{say("registry")}</th><th>{say("repositories")}</th><th class="number">{say("copiedTags")}</th><th class="number">{say("failures")}</th><th>{say("upToDate")}</th></tr></thead>
        <tbody>
          {loaded.answer.items.map((row, index) => (
            <tr key={index}>
              <td><span class="mark">{say(row.direction === "to" ? "copyTo" : "copyFrom")}</span> <code>{row.registry}</code>{row.problems.map(({ what, list, reason, why }) => <div key={what} class="problem">{list ? say("repositoryList") : what}: {because(reason, why)}</div>)}</td>
              <td data-label={say("repositories")}><code>{row.repositories.join(" ")}</code></td>
              <td class="number" data-label={say("copiedTags")}>{count(row.copied)}</td>
              <td class="number" data-label={say("failures")}>{count(row.failed)}</td>
              <td data-label={say("upToDate")}>{row.doneAt === undefined ? say("never") : <Moment at={row.doneAt} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** Areas stand for sizes. The table below says the same to those who do not see it. */
function Picture({ rows }: { rows: readonly RepositoryRow[] }) {
  const room = matchMedia("(max-width: 720px)").matches ? NARROW : WIDE;
  const areas = layOut(rows.filter((row) => row.size > 0), room);
  return (
    <svg class="picture" viewBox={`0 0 ${room.width} ${room.height}`} role="img" aria-label={say("usagePicture")}>
      {areas.map(({ item, x, y, width, height }, index) => (
        <g key={item.name} class={`area-${index % 6}`}>
          <rect x={x + 1} y={y + 1} width={Math.max(0, width - 2)} height={Math.max(0, height - 2)} rx="4" />
          <title>{`${item.name}: ${size(item.size)}`}</title>
          {width > 90 && height > 44 && (
            <>
              <text x={x + 12} y={y + 24}>{shorten(item.name, width)}</text>
              <text x={x + 12} y={y + 42} class="small">{size(item.size)}</text>
            </>
          )}
        </g>
      ))}
    </svg>
  );
}

function shorten(name: string, width: number): string {
  const room = Math.floor((width - 24) / LETTER);
  return name.length <= room ? name : `…${name.slice(-(room - 1))}`;
}
